/**
 * Which addresses of users' content may be followed or loaded. Knows no markup.
 * Nothing is loaded from elsewhere; links elsewhere are http and https only.
 */

/** Stands for our own origin where there is no browser around. */
const OWN = "http://pannier.invalid";

/** Where a link may lead: `own` is a path of this dashboard. */
export interface SafeLink {
  href: string;
  own: boolean;
}

/** The link that a user's address makes; `null` where it is refused. */
export function safeLink(address: string): SafeLink | null {
  const wanted = address.trim();
  if (wanted.startsWith("#")) return { href: wanted, own: true };
  // Without a scheme it is a path of ours, if it is one from the root.
  const relative = !/^[a-z][a-z0-9+.-]*:/i.test(wanted);
  if (relative && !wanted.startsWith("/")) return null;
  const url = parsed(wanted);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || url.username || url.password) return null;
  if (url.origin === OWN) return { href: url.pathname + url.search + url.hash, own: true };
  return { href: url.href, own: false };
}

const OUR_FILE = /^\/v1\/(?:runs|artifacts)\/[^/]+\/[^/]+\/[^/]+\/files\/./;

/** What an image may be shown from: bytes in the text itself, or a file of a run or artifact of ours. */
export function safeImage(address: string): { data: string } | { file: string } | null {
  const wanted = address.trim();
  if (/^data:image\/[a-z0-9.+-]+[;,]/i.test(wanted)) return { data: wanted };
  if (!wanted.startsWith("/")) return null;
  const url = parsed(wanted);
  return url && url.origin === OWN && OUR_FILE.test(url.pathname) ? { file: url.pathname } : null;
}

function parsed(address: string): URL | null {
  try {
    return new URL(address, OWN);
  } catch {
    return null;
  }
}
