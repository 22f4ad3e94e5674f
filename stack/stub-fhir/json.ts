// JSON as trees that can be walked and changed.

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** An object of JSON. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Tells lists and objects from all else. */
export function isNode(value: Json): value is readonly Json[] | JsonObject {
  return typeof value === 'object' && value !== null;
}

/** The keys and values of a list or an object; of all else none. */
export function childrenOf(value: Json): readonly (readonly [string, Json])[] {
  return isNode(value) ? Object.entries(value) : [];
}

/** An object of these entries; `__proto__` is a key as any other. */
export function objectOf(entries: readonly (readonly [string, Json])[]): JsonObject {
  return Object.fromEntries(entries);
}
