// A FHIR server that commits late, and the store of what was read of it: models for the tests of the puller.
import type { ResourceVersion } from '../../src/domain/fhir.ts';
import type { Position } from '../../src/fhir/pager.ts';
import type { SearchPage, StoredResource } from '../../src/fhir/server.ts';
import { ref, stored } from './fhir.ts';

const BASE = Date.UTC(2025, 8, 26);
/** Milliseconds for which a write may be under way. */
export const OVERLAP = 20;
/** What most passes go back by. */
export const SHORT_OVERLAP = 5;
export const iso = (ms: number): string => new Date(BASE + ms).toISOString();
export const msOf = (instant: string): number => Date.parse(instant) - BASE;

interface Version {
  readonly id: number;
  readonly version: number;
  /** Stamped when its request began, which may be long before it was committed. */
  readonly stamp: number;
  readonly committedAtStep: number;
}

type Query = readonly (readonly [string, string])[];

/** Tells whether a search only asks what time it is. */
export const isTimeQuestion = (query: Query): boolean => query[0]?.[1].startsWith('ge2999') === true;

/** A server with a clock in milliseconds; what happens is counted in steps, of which many share a millisecond. */
export function createServerModel() {
  const current = new Map<number, Version>();
  let pending: { id: number; stamp: number; due: number }[] = [];
  const model = {
    now: OVERLAP * 10,
    step: 0,
    current,
    tick(ms: number): void {
      model.now += ms;
      const due = pending.filter((write) => write.due <= model.now);
      pending = pending.filter((write) => write.due > model.now);
      for (const { id, stamp } of due.sort((a, b) => a.due - b.due)) {
        current.set(id, {
          id,
          version: (current.get(id)?.version ?? 0) + 1,
          stamp,
          committedAtStep: (model.step += 1),
        });
      }
    },
    write(id: number, lag: number): void {
      pending.push({ id, stamp: model.now, due: model.now + lag });
      model.tick(0);
    },
    search(query: Query, count: number): SearchPage {
      const bounds = query.filter(([name]) => name === '_lastUpdated').map(([, value]) => value);
      const at = (prefix: string): number | undefined =>
        bounds.filter((bound) => bound.startsWith(prefix)).map((bound) => msOf(bound.slice(2)))[0];
      const [from = -Infinity, to = Infinity] = [at('ge'), at('lt')];
      const resources = [...current.values()]
        .filter(({ stamp }) => stamp >= from && stamp < to)
        .sort((a, b) => a.stamp - b.stamp)
        .slice(0, count)
        .map(({ id, version, stamp }) => stored(`Communication/${id}`, String(version), iso(stamp)));
      return { resources, serverTime: iso(model.now) };
    },
    count: (query: Query): number => model.search(query, Number.POSITIVE_INFINITY).resources.length,
    searchStamp({ from }: Position): SearchPage | undefined {
      const bounds = [
        ['_lastUpdated', `ge${from}`],
        ['_lastUpdated', `lt${iso(msOf(from) + 1)}`],
      ] as const;
      const page = model.search(bounds, Number.POSITIVE_INFINITY);
      return page.resources.length > 0 ? page : undefined;
    },
  };
  return model;
}

/** What the bridge keeps: each function all or nothing, as a transaction is. */
export function createStoreModel() {
  const ledger = new Map<string, number>();
  const handedOn: { id: number; version: number }[] = [];
  const enter = (resources: readonly StoredResource[]): readonly StoredResource[] => {
    const fresh = resources.filter(({ id, meta }) => !ledger.has(`${id}/${meta.versionId}`));
    for (const { id, meta } of fresh) ledger.set(`${id}/${meta.versionId}`, msOf(meta.lastUpdated));
    return fresh;
  };
  const model = {
    handedOn,
    cursor: undefined as string | undefined,
    store(resources: readonly StoredResource[]): number {
      const fresh = enter(resources);
      handedOn.push(...fresh.map(({ id, meta }) => ({ id: Number(id), version: Number(meta.versionId) })));
      return fresh.length;
    },
    storeAsKnown: (resources: readonly StoredResource[]): number => enter(resources).length,
    /** The version that was read last. */
    newest(): ResourceVersion | undefined {
      const [key, stamp] = [...ledger].sort(([, a], [, b]) => b - a)[0] ?? [];
      const [id = '', versionId = ''] = key?.split('/') ?? [];
      return stamp === undefined
        ? undefined
        : { reference: ref(`Communication/${id}`), versionId, lastUpdated: iso(stamp) };
    },
    saveCursor(cursor: string, forgetBefore: string | undefined): void {
      model.cursor = cursor;
      const before = forgetBefore === undefined ? Number.NEGATIVE_INFINITY : msOf(forgetBefore);
      for (const [key, stamp] of ledger) if (stamp < before) ledger.delete(key);
    },
  };
  return model;
}
