/** The console of a run: followed live, searched, with the colours of its terminal. However long, only what is in sight is on the page. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";

import { ApiError, ask, get, path, type LogPage } from "../api";
import { useLive } from "../live";
import { count, number } from "../ui/format";
import { save } from "../ui/save";
import { Empty, Failure, Loading } from "../ui/state";
import { tried } from "../ui/toast";
import { windowOf } from "../ui/virtual";
import { LogLines, matching, nextMatch } from "./log-lines";
import { LogRow } from "./log-row";
import type { TabProps } from "./page";

const ROW = 18;

export function Log({ run }: TabProps) {
  const { entity, project } = run;
  const base = path`/v1/runs/${entity}/${project}/${run.run}`;
  const [version, draw] = useReducer<number, void>((was) => was + 1, 0);
  const log = useMemo(() => new LogLines((from, lines, signal) => get<LogPage>(`${base}/log`, { from, lines }, signal), draw), [base]);
  useEffect(() => {
    void log.refresh();
    return () => log.close();
  }, [log]);
  useLive({ entity, project }, (changed) => changed.runs.some((one) => one === run.run || one === "*"), useCallback(() => void log.refresh(), [log]));
  if (!log.known) return log.error ? <Failure error={asError(log.error)} again={() => void log.refresh()} /> : <Loading what="the log" />;
  if (log.total === 0) {
    return (
      <Empty title="Nothing was printed yet">
        <p>What the program prints is shown here, at once.</p>
      </Empty>
    );
  }
  return <Lines log={log} version={version} name={run.run} base={base} live={run.state === "running"} />;
}

function asError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, String(error));
}

interface LinesProps {
  log: LogLines;
  /** Grows with what is in `log`: components are drawn anew for new props only. */
  version: number;
  name: string;
  base: string;
  live: boolean;
}

function Lines({ log, name, base, live }: LinesProps) {
  const [times, setTimes] = useState(false);
  const [follow, setFollow] = useState(true);
  const [find, setFind] = useState("");
  const search = useSearch(log, find);
  const box = useRef<HTMLDivElement>(null);
  const [[top, height], see] = useState<[number, number]>([0, 600]);
  const look = () => see([box.current!.scrollTop, box.current!.clientHeight]);
  useLayoutEffect(() => {
    if (typeof ResizeObserver === "undefined") return;
    const watch = new ResizeObserver(look);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const seen = windowOf(log.total, ROW, top, height || 600);
  useEffect(() => log.need(seen.first, seen.end), [log, seen.first, seen.end, log.total]);
  useLayoutEffect(() => {
    if (follow) box.current!.scrollTop = box.current!.scrollHeight;
  }, [follow, log.total]);
  const scrolled = () => {
    look();
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    setFollow(scrollTop + clientHeight >= scrollHeight - ROW);
  };
  const at = search.matches[search.at] ?? -1;
  const goTo = (back: boolean) => {
    // Without a match yet, from where one looks.
    const from = search.at >= 0 ? at : Math.floor(top / ROW) - 1;
    const next = nextMatch(search.matches, from, back);
    search.setAt(next);
    const line = search.matches[next];
    if (line === undefined) return;
    setFollow(false);
    box.current!.scrollTop = Math.max(0, line * ROW - (height || 600) / 2);
  };
  const width = String(log.total).length;
  return (
    <div class="run-log">
      <div class="run-bar">
        <SearchBox find={find} onFind={setFind} onGo={goTo} said={search.said} />
        <label>
          <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} /> Follow
        </label>
        <label>
          <input type="checkbox" checked={times} onChange={(event) => setTimes(event.currentTarget.checked)} /> Timestamps
        </label>
        <button onClick={() => void tried(async () => save(`${name}.log`, await (await ask("GET", `${base}/console`)).blob()))}>Download</button>
        <span class="dim">
          {count(log.total, "line")}
          {live && follow && ", live"}
        </span>
      </div>
      {log.error !== null && <Failure error={asError(log.error)} again={() => void log.refresh()} />}
      <div ref={box} class="run-lines" role="log" aria-live="off" aria-label="Console" tabIndex={0} onScroll={scrolled}>
        <div class="run-lines-all" style={{ height: `${log.total * ROW}px` }}>
          <div style={{ transform: `translateY(${seen.before}px)` }}>
            {Array.from({ length: seen.end - seen.first }, (_, offset) => {
              const index = seen.first + offset;
              return <LogRow key={index} index={index} line={log.at(index)} width={width} times={times} find={find} current={index === at} />;
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

function SearchBox(props: { find: string; onFind: (find: string) => void; onGo: (back: boolean) => void; said: string }) {
  const { find, onGo } = props;
  return (
    <div class="run-find" role="search">
      <input
        type="search"
        placeholder="Search the log"
        aria-label="Search the log"
        value={find}
        onInput={(event) => props.onFind(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && onGo(event.shiftKey)}
      />
      <button aria-label="Previous match" title="Previous match (Shift+Enter)" disabled={!find} onClick={() => onGo(true)}>
        ↑
      </button>
      <button aria-label="Next match" title="Next match (Enter)" disabled={!find} onClick={() => onGo(false)}>
        ↓
      </button>
      <span class="dim" role="status">
        {props.said}
      </span>
    </div>
  );
}

interface Search {
  matches: number[];
  /** Which of them one is at; -1: none yet. */
  at: number;
  setAt: (at: number) => void;
  said: string;
}

/** Looks a text up in every line, those that are not here yet among them. */
function useSearch(log: LogLines, find: string): Search {
  const [matches, setMatches] = useState<number[]>([]);
  const [looked, setLooked] = useState(0);
  const [at, setAt] = useState(-1);
  const total = log.total;
  useEffect(() => setAt(-1), [find]);
  useEffect(() => {
    if (find === "") return setMatches([]);
    let over = false;
    // A pause, lest every letter goes through the whole log.
    const timer = setTimeout(async () => {
      const found: number[] = [];
      let from = 0;
      for await (const lines of log.all()) {
        if (over) return;
        for (const one of matching(lines, from, find)) found.push(one);
        from += lines.length;
        if (from % 10_000 === 0) setLooked(from);
      }
      setMatches(found);
      setLooked(from);
    }, 150);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [log, find, total]);
  const current = at >= 0 && at < matches.length ? `${number(at + 1)} of ` : "";
  const done = looked >= total;
  const said = find === "" ? "" : done ? `${current}${count(matches.length, "line")}` : `looked through ${number(looked)} of ${number(total)}`;
  return { matches, at, setAt, said };
}
