/** The way in by a link: `pannier open` puts a ticket behind the `#`, where no log or referrer sees it. */
import { signIn } from "./api";
import { go } from "./routes";

/** Exchanges the ticket of the link, if it has one. A ticket that no longer counts is the sign-in page's to say. */
export async function enter(): Promise<void> {
  const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
  if (!ticket) return;
  // Gone from the address and the history before anything is shown.
  history.replaceState(null, "", location.pathname + location.search);
  const session = await signIn({ ticket }).catch(() => null);
  go(session?.path ?? location.pathname + location.search, true);
}
