// A request that is right, and the mutants of it: other bodies, bytes, paths, queries, headers, methods, secrets. Pure.
import { changed, type Change } from './change-json.ts';
import type { Json } from '../../../stack/stub-fhir/json.ts';
import { textOf } from './hostile-json.ts';
import type { Framing, RawRequest } from './request.ts';
import type { Listener } from './served-routes.ts';

/** A request as it should be. */
export interface RequestExample {
  /** The route, as the code has it, after its listener. */
  readonly route: string;
  readonly listener: Listener;
  readonly method: string;
  /** With its query. */
  readonly target: string;
  /** The right secret; undefined where none is asked for. */
  readonly secret?: string;
  readonly body?: Json;
  /** The answer to it. */
  readonly status: number;
}

/** What is done to it; what is absent stays right. */
export interface RequestMutation {
  readonly body?: readonly Change[];
  readonly bytes?: BytesChange;
  readonly target?: TargetChange;
  readonly headers?: readonly (readonly [string, string])[];
  readonly method?: string;
  readonly secret?: SecretChange;
  readonly framing?: Framing;
}

/** What is done to the bytes of the body; places begin again at the first after the last. */
export type BytesChange =
  | { readonly op: 'cut'; readonly at: number }
  | { readonly op: 'byte'; readonly at: number; readonly byte: number }
  | { readonly op: 'insert'; readonly at: number; readonly bytes: readonly number[] }
  | { readonly op: 'all'; readonly bytes: readonly number[] }
  | { readonly op: 'pad'; readonly kilobytes: number };

/** What is done to the path, a segment of it, or the query. */
export type TargetChange =
  | { readonly op: 'segment'; readonly at: number; readonly text: string }
  | { readonly op: 'append'; readonly text: string }
  | { readonly op: 'query'; readonly text: string }
  | { readonly op: 'all'; readonly text: string };

/** The header that shows the secret: not there, wrong, or in another form. */
export type SecretChange =
  'missing' | 'wrong' | 'empty' | 'basic' | 'in-query' | 'twice' | 'part' | 'lower-case';

/** The request that this makes of the example. */
export function mutated(example: RequestExample, mutation: RequestMutation): RawRequest {
  const { body, bytes, target, headers = [], method, secret, framing = 'length' } = mutation;
  const json = example.body === undefined ? undefined : changed(example.body, body ?? []);
  const content = Buffer.from(json === undefined ? '' : textOf(json));
  const shown = shownSecret(example.secret, secret);
  return {
    method: method ?? example.method,
    target: `${changedTarget(example.target, target)}${secret === 'in-query' ? `?access_token=${example.secret ?? ''}` : ''}`,
    headers: [...shown.map((value) => ['Authorization', value] as const), ...headers],
    body: bytes === undefined ? content : changedBytes(content, bytes),
    framing,
  };
}

function shownSecret(secret: string | undefined, change: SecretChange | undefined): readonly string[] {
  if (secret === undefined) return change === undefined ? [] : ['Bearer something'];
  switch (change) {
    case undefined:
      return [`Bearer ${secret}`];
    case 'missing':
    case 'in-query':
      return [];
    case 'wrong':
      return [`Bearer wrong-${secret.slice(6)}`];
    case 'empty':
      return ['Bearer '];
    case 'basic':
      return [`Basic ${Buffer.from(`:${secret}`).toString('base64')}`];
    case 'twice':
      return ['Bearer wrong', `Bearer ${secret}`];
    case 'part':
      return [`Bearer ${secret.slice(0, -1)}`];
    case 'lower-case':
      return [`Bearer ${secret.toLowerCase()}x`];
  }
}

function changedBytes(body: Buffer, change: BytesChange): Buffer {
  switch (change.op) {
    case 'cut':
      return body.subarray(0, change.at % (body.length + 1));
    case 'byte': {
      const copy = Buffer.from(body);
      if (copy.length > 0) copy[change.at % copy.length] = change.byte;
      return copy;
    }
    case 'insert': {
      const at = change.at % (body.length + 1);
      return Buffer.concat([body.subarray(0, at), Buffer.from(change.bytes), body.subarray(at)]);
    }
    case 'all':
      return Buffer.from(change.bytes);
    case 'pad':
      return Buffer.concat([body, Buffer.alloc(change.kilobytes * 1024, ' ')]);
  }
}

function changedTarget(target: string, change: TargetChange | undefined): string {
  if (change === undefined) return target;
  const [path = '', query] = target.split('?');
  const withQuery = (changedPath: string): string =>
    query === undefined ? changedPath : `${changedPath}?${query}`;
  switch (change.op) {
    case 'segment': {
      const segments = path.split('/');
      const at = 1 + (change.at % (segments.length - 1));
      return withQuery(segments.map((segment, index) => (index === at ? change.text : segment)).join('/'));
    }
    case 'append':
      return withQuery(`${path}${change.text}`);
    case 'query':
      return `${path}?${change.text}`;
    case 'all':
      return change.text;
  }
}
