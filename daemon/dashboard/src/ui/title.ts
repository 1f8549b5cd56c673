/** What the browser's tab says while a page is shown. */
import { useEffect } from "preact/hooks";

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · pannier`;
    return () => void (document.title = "pannier");
  }, [title]);
}
