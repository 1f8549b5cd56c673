/** The frame around every page, and which page is in it. */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { get, signedOut, token, type Me } from "./api";
import { here, parse, type Route } from "./routes";
import { Header } from "./frame/header";
import { SignInPage } from "./frame/sign-in";
import { Empty, Failure, Loading } from "./ui/state";
import { Toasts } from "./ui/toast";
import { useData } from "./data";

/** Who looks at the pages; known once `App` shows one. */
export const me = signal<Me | null>(null);

type Page = ComponentType<{ route: never }>;

/** Pages are loaded when they are first looked at. */
const PAGES: Record<Exclude<Route["page"], "login" | "nothing">, () => Promise<{ default: unknown }>> = {
  home: () => import("./home/home"),
  entity: () => import("./home/home"),
  authorize: () => import("./frame/authorize"),
  status: () => import("./status/page"),
  workspace: () => import("./project/workspace"),
  table: () => import("./project/table"),
  compare: () => import("./project/compare"),
  run: () => import("./run/page"),
  artifacts: () => import("./artifacts/page"),
  reports: () => import("./reports/list"),
  report: () => import("./reports/page"),
  registries: () => import("./registry/list"),
  registry: () => import("./registry/page"),
};

const loaded = new Map<string, Page>();

function Lazy({ route }: { route: Exclude<Route, { page: "login" | "nothing" }> }) {
  const [, again] = useState(0);
  const [failed, setFailed] = useState(false);
  const known = loaded.get(route.page);
  useEffect(() => {
    if (known) return;
    PAGES[route.page]().then(
      (module) => {
        loaded.set(route.page, module.default as Page);
        again((was) => was + 1);
      },
      () => setFailed(true),
    );
  }, [route.page, known]);
  if (failed) return <Empty title="This page could not be loaded">Load it again: pannier may have been updated.</Empty>;
  if (!known) return <Loading what="the page" />;
  const Shown = known;
  return <Shown route={route as never} />;
}

export function App() {
  const [known, setKnown] = useState(token() !== null);
  useEffect(() => {
    const out = () => setKnown(false);
    signedOut.addEventListener("out", out);
    return () => signedOut.removeEventListener("out", out);
  }, []);
  const route = parse(here.value.pathname);
  const entering = !known || route.page === "login";
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      {!entering && <Header route={route} />}
      <main id="main" tabIndex={-1}>
        {entering ? <SignInPage onDone={() => setKnown(true)} /> : <Inside route={route} />}
      </main>
      <Toasts />
    </>
  );
}

function Inside({ route }: { route: Route }) {
  const asked = useData((abort) => get<Me>("/v1/me", {}, abort), []);
  useEffect(() => void (me.value = asked.data ?? null), [asked.data]);
  if (route.page === "nothing") return <Empty title="There is no such page">Nothing of pannier is at {route.path}.</Empty>;
  if (asked.error && !asked.data) return <Failure error={asked.error} again={asked.again} />;
  if (!asked.data || route.page === "login") return <Loading what="who you are" />;
  return <Lazy route={route} />;
}
