import { defineConfig } from "vite";

/** A running daemon, for `npm run dev`: the address that `pannier open` prints. */
const daemon = "http://127.0.0.1:8080";
const asked = (path: string) => ({ [path]: { target: daemon, changeOrigin: true } });

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    // Everything is served by our own origin: no inlined data that a policy would have to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { ...asked("/v1"), ...asked("/graphql"), ...asked("/blob"), ...asked("/files") } },
});
