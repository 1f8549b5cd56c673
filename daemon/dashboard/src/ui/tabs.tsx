/** Tabs that are links, so that each has an address. */
export function Tabs(props: { label: string; tabs: { name: string; title: string; href: string }[]; at: string }) {
  return (
    <nav class="tabs" aria-label={props.label}>
      {props.tabs.map((tab) => (
        <a key={tab.name} href={tab.href} aria-current={tab.name === props.at ? "page" : undefined}>
          {tab.title}
        </a>
      ))}
    </nav>
  );
}
