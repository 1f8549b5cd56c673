/** Images, galleries, and what lies on other servers: that is never loaded, only linked to. */
import { get, type View, type Views } from "../api";
import { useData } from "../data";
import { to } from "../routes";
import { UserLink } from "../ui/markdown";
import { OwnImage } from "../ui/own-file";
import { safeImage, safeLink } from "../ui/safe-url";
import { plainText, type Block, type Run } from "./blocks";
import { useEnv } from "./env";
import { Runs } from "./runs";

export function Picture({ url, caption }: { url: string; caption: Run[] | undefined }) {
  const said = plainText(caption);
  return (
    <figure class="reports-picture">
      <Image url={url} alt={said || "Image"} />
      {said && <figcaption><Runs runs={caption} /></figcaption>}
    </figure>
  );
}

function Image({ url, alt }: { url: string; alt: string }) {
  const { file } = useEnv();
  const inFile = file?.get(url);
  if (inFile) return <img src={inFile} alt={alt} />;
  const safe = safeImage(url);
  if (safe && "data" in safe) return <img src={safe.data} alt={alt} />;
  if (safe && !file) return <OwnImage path={safe.file} alt={alt} />;
  return <Linked what="Image" address={url} />;
}

/** A thing of another server, by its address. */
export function Linked({ what, address }: { what: string; address: string | undefined }) {
  const link = address ? safeLink(address) : null;
  if (!link || link.own) return <p class="reports-kept">{what}: its address cannot be followed</p>;
  return (
    <p class="reports-linked">
      {what} at <UserLink to={link}>{new URL(link.href).host}</UserLink>
      <span class="dim"> – not loaded here: pannier asks no other server. Open the link to see it.</span>
    </p>
  );
}

export function Gallery({ block }: { block: Block }) {
  const links = block.links ?? (block.ids ?? []).map((id): Link => ({ type: "report", id }));
  const { entity, project, file } = useEnv();
  const reports = links.some((link) => link.type === "report") && !file;
  const named = useData(async (abort) => (reports ? get<Views>("/v1/views", { entity, project }, abort) : null), [entity, project, reports]);
  return (
    <ul class="reports-gallery">
      {links.map((link, at) => (
        <li key={at}>{link.type === "report" ? <ReportLink id={link.id ?? ""} views={named.data?.views} /> : <Elsewhere link={link} />}</li>
      ))}
    </ul>
  );
}

type Link = NonNullable<Block["links"]>[number];

function ReportLink({ id, views }: { id: string; views: View[] | undefined }) {
  const { entity, project } = useEnv();
  const known = views?.find((view) => view.link_id === id.replace(/=+$/, "") || view.id === id);
  const title = known?.display_name ?? "report";
  return (
    <>
      <UserLink to={safeLink(to.report(entity, project, title, id))}>{known ? title : `Report ${id}`}</UserLink>
      {known?.description && <p class="dim">{known.description}</p>}
    </>
  );
}

function Elsewhere({ link }: { link: Link }) {
  return (
    <>
      <UserLink to={safeLink(link.url ?? "")}>{link.title || link.url}</UserLink>
      {link.description && <p class="dim">{link.description}</p>}
    </>
  );
}
