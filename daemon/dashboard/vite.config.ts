import { defineConfig, type Plugin } from "vite";

/** A running daemon, for `npm run dev`: the address that `pannier open` prints. */
const daemon = "http://127.0.0.1:8080";
// The daemon takes writes from its own pages only: the proxy speaks as one of them.
const asked = (path: string) => ({ [path]: { target: daemon, changeOrigin: true, headers: { origin: daemon } } });

/** KaTeX names each font in three formats; every browser that runs these pages reads the smallest. */
const oneFontFormat: Plugin = {
  name: "one-font-format",
  enforce: "pre",
  transform: (code, id) =>
    /katex[^/]*\.css/.test(id) ? code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\("[a-z]+"\)/g, "") : undefined,
};

export default defineConfig({
  base: "/",
  plugins: [oneFontFormat],
  build: {
    target: "es2022",
    // Everything is served by our own origin: no inlined data that a policy would have to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { ...asked("/v1"), ...asked("/graphql"), ...asked("/blob"), ...asked("/files") } },
});
