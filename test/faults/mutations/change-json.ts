// Changes of a JSON value: what is put, taken, renamed or moved at one place of the tree. Pure.
import { withoutCanaries } from './canaries.ts';
import { childrenOf, isNode, objectOf, type Json, type JsonObject } from '../../../stack/stub-fhir/json.ts';
import { sameKey, textOf } from './hostile-json.ts';

/** A change. Places are counted through the tree, the root first; a number beyond the last begins again at the first. */
export type Change = { readonly at: number } & (
  | { readonly op: 'put'; readonly value: Json }
  | { readonly op: 'remove' }
  | { readonly op: 'add'; readonly key: string; readonly value: Json }
  | { readonly op: 'rename'; readonly key: string }
  | { readonly op: 'wrap'; readonly as: 'list' | 'object'; readonly levels: number }
  | { readonly op: 'move'; readonly from: number }
  | { readonly op: 'repeat'; readonly times: number }
  | { readonly op: 'same-key'; readonly value: Json }
);

type Path = readonly string[];

/** Makes the changes, one after the other. */
export function changed(json: Json, changes: readonly Change[]): Json {
  return changes.reduce(changedOnce, json);
}

function changedOnce(json: Json, change: Change): Json {
  const paths = pathsIn(json);
  const path = paths[change.at % paths.length] ?? [];
  const here = valueAt(json, path);
  switch (change.op) {
    case 'put':
      return replaced(json, path, change.value);
    case 'remove':
      return editedAbove(json, path, (entries, key) => entries.filter(([each]) => each !== key));
    case 'add':
      return replaced(json, path, added(here, change.key, change.value));
    case 'rename':
      return editedAbove(json, path, (entries, key) =>
        entries.map(([each, value]) => [each === key ? change.key : each, value]),
      );
    case 'wrap':
      return replaced(json, path, wrapped(here, change.as, change.levels));
    case 'move':
      return replaced(json, path, cleaned(valueAt(json, paths[change.from % paths.length] ?? [])));
    case 'repeat':
      return replaced(json, path, repeated(here, change.times));
    case 'same-key':
      return editedAbove(json, path, (entries, key) => [...entries, [sameKey(key), change.value]]);
  }
}

/** What lies deeper was put there by another change. */
const DEEPEST = 40;

/** The paths of all places, the root first. */
export function pathsIn(json: Json, path: Path = []): readonly Path[] {
  const children = path.length < DEEPEST ? childrenOf(json) : [];
  return [path, ...children.flatMap(([key, child]) => pathsIn(child, [...path, key]))];
}

function valueAt(json: Json, path: Path): Json {
  return path.reduce<Json>(
    (value, key) => childrenOf(value).find(([each]) => each === key)?.[1] ?? null,
    json,
  );
}

function replaced(json: Json, path: Path, value: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  return rebuilt(
    json,
    childrenOf(json).map(([each, child]) => [each, each === key ? replaced(child, rest, value) : child]),
  );
}

/** Personal data stays where the example has it. */
function cleaned(value: Json): Json {
  if (typeof value === 'string') return withoutCanaries(value);
  return isNode(value)
    ? rebuilt(
        value,
        childrenOf(value).map(([key, child]) => [key, cleaned(child)]),
      )
    : value;
}

type Entries = readonly (readonly [string, Json])[];

/** Edits the entries of what holds the place; at the root nothing. */
function editedAbove(json: Json, path: Path, edit: (entries: Entries, key: string) => Entries): Json {
  const key = path.at(-1);
  if (key === undefined) return json;
  const above = path.slice(0, -1);
  const holder = valueAt(json, above);
  return replaced(json, above, rebuilt(holder, edit(childrenOf(holder), key)));
}

function rebuilt(like: Json, entries: Entries): readonly Json[] | JsonObject {
  return Array.isArray(like) ? entries.map(([, value]) => value) : objectOf(entries);
}

function added(here: Json, key: string, value: Json): Json {
  if (Array.isArray(here)) return [...(here as readonly Json[]), value];
  return isNode(here) ? objectOf([...childrenOf(here).filter(([each]) => each !== key), [key, value]]) : here;
}

function wrapped(value: Json, as: 'list' | 'object', levels: number): Json {
  let deep = value;
  for (let level = 0; level < levels; level += 1) deep = as === 'list' ? [deep] : objectOf([['a', deep]]);
  return deep;
}

/** Of what is large already, few more make it as large as anything can be that is sent. */
const LARGEST_TEXT = 500_000;

function repeated(value: Json, times: number): Json {
  const again = Array.isArray(value) ? (value as readonly Json[]) : [value];
  const most = Math.max(2, Math.floor(LARGEST_TEXT / textOf(value).length));
  return Array.from({ length: Math.min(times, most) }, () => again).flat();
}
