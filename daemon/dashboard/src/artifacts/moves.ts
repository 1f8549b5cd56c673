/** The history of a collection's names: which moves were made apart, and what holds. Pure. */
import type { MoveView } from "../api";

/** A name that several people moved without knowing of each other. */
export interface Conflict {
  alias: string;
  /** The moves that stand, the one that holds first. */
  sides: MoveView[];
}

/** `latest` moves with every version: the highest number holds, and nobody has to settle it. */
export const LATEST = "latest";

/** What has to be settled, by name. `moves`: newest first, as the server says them. */
export function conflicts(moves: MoveView[]): Conflict[] {
  const standing = new Map<string, MoveView[]>();
  for (const move of moves) {
    if (move.stands && move.alias !== LATEST) standing.set(move.alias, [...(standing.get(move.alias) ?? []), move]);
  }
  return [...standing]
    .filter(([, sides]) => new Set(sides.map((side) => side.to)).size > 1)
    .map(([alias, sides]) => ({ alias, sides }))
    .sort((a, b) => a.alias.localeCompare(b.alias));
}

/** The version that a name is at now, where it is at one. */
export function holder(moves: MoveView[], alias: string): MoveView | null {
  return moves.find((move) => move.alias === alias && move.stands && move.to !== null) ?? null;
}

/** Where a move went, in words. */
export function target(move: MoveView): string {
  if (move.to === null) return "taken away";
  return move.version === null ? "a version that is gone" : `v${move.version}`;
}

/** Where a move was made, in words. `here`: the id of this home, where it is known. */
export function madeAt(move: MoveView, here: string | null): string {
  return move.origin === here ? "this machine" : `home ${move.origin.slice(0, 8)}`;
}
