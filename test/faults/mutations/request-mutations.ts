// Draws what is done to requests.
import fc from 'fast-check';
import type {
  BytesChange,
  RequestExample,
  RequestMutation,
  SecretChange,
  TargetChange,
} from './change-request.ts';
import { changes } from './changes.ts';
import { oddText } from './odd-values.ts';
import type { Framing } from './request.ts';

const at = fc.nat(4_000);
const bytes = fc.uint8Array({ maxLength: 40 }).map((drawn) => [...drawn]);

const bytesChange: fc.Arbitrary<BytesChange> = fc.oneof(
  fc.record({ op: fc.constant('cut'), at }),
  fc.record({ op: fc.constant('byte'), at, byte: fc.nat(255) }),
  fc.record({
    op: fc.constant('insert'),
    at,
    bytes: fc.constantFrom([0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xc3, 0x28], [0]),
  }),
  fc.record({ op: fc.constant('all'), bytes }),
  fc.record({ op: fc.constant('pad'), kilobytes: fc.constantFrom(1, 70, 200) }),
);

/** As they go into a path or a query: with what would end it, or the line, encoded or left out. */
const inTarget: fc.Arbitrary<string> = fc.oneof(
  oddText.map((text) => encodeURIComponent(text.toWellFormed())),
  oddText.map((text) => text.replaceAll(/[\s\0]|[^\x20-\x7e]/g, '')),
  fc.constantFrom('..', '%2e%2e', '%2F', '%00', '%', '%zz', '%E0%A4%A', '//', ';a=b', '.', '*', '%252e%252e'),
);
const query: fc.Arbitrary<string> = fc.oneof(
  inTarget,
  fc.webQueryParameters(),
  fc.constantFrom(
    ...['a[]=1&a[]=2', 'a[b][c]=1', '__proto__[x]=1', 'constructor=1', 'access_token=x&access_token=y'],
    ...[
      'access_token[]=x',
      'public_key=%',
      'public_key[]=x&public_key=y',
      '&&&==',
      'user_id=@a:b',
      '?'.repeat(50),
    ],
  ),
);
const targetChange: fc.Arbitrary<TargetChange> = fc.oneof(
  fc.record({ op: fc.constant('segment'), at: fc.nat(8), text: inTarget }),
  fc.record({ op: fc.constant('append'), text: inTarget.map((text) => `/${text}`) }),
  fc.record({ op: fc.constant('query'), text: query }),
  fc.record({
    op: fc.constant('all'),
    text: fc.constantFrom('*', '/', '//', 'http://other/health', 'other:443', '/%'),
  }),
);

const inHeader = oddText.map((text) => text.replaceAll(/[\0\r\n]|[^\x20-\xff]/g, '').slice(0, 3_000));
const header: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'Content-Type',
      'Content-Encoding',
      'Accept',
      'Accept-Encoding',
      'X-Forwarded-For',
      'X-HTTP-Method-Override',
    ),
    inHeader,
  ),
  fc.constantFrom<readonly [string, string]>(
    ...([
      ['Content-Type', 'text/xml'],
      ['Content-Type', 'application/json; charset=utf-16'],
      ['Content-Type', 'application/json; charset=nonsense'],
      ['Content-Type', 'multipart/form-data; boundary=x'],
      ['Content-Encoding', 'gzip'],
      ['Content-Encoding', 'br, gzip'],
      ['Content-Encoding', 'deflate'],
      ['Expect', '100-continue'],
      ['Expect', 'nonsense'],
      ['Host', 'other'],
      ['Origin', 'null'],
      ['Range', 'bytes=0-'],
      ['If-None-Match', '*'],
      ['Upgrade', 'websocket'],
      ['X-Forwarded-For', '::1, 192.0.2.80'],
      ['Forwarded', 'for="[::1]"'],
      ['Cookie', 'a=b'],
      ['a b', 'c'],
      ['X-Long', 'x'.repeat(20_000)],
    ] as const),
  ),
);

const method = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'get',
  'NONSENSE',
);
const secret = fc.constantFrom<SecretChange>(
  'missing',
  'wrong',
  'empty',
  'basic',
  'in-query',
  'twice',
  'part',
  'lower-case',
);
const framing = fc.constantFrom<Framing>(
  ...([
    'chunked',
    'none',
    'shorter',
    'longer',
    'huge',
    'negative',
    'two-lengths',
    'length-and-chunked',
    'bad-chunk',
  ] as const),
);

/** What is done to a request: mostly one thing, sometimes several at once. */
export function requestMutation({ body }: RequestExample): fc.Arbitrary<RequestMutation> {
  const parts = {
    ...{
      body: changes,
      bytes: bytesChange,
      target: targetChange,
      headers: fc.array(header, { minLength: 1, maxLength: 3 }),
    },
    ...{ method, secret, framing },
  };
  const alone = (key: keyof typeof parts): fc.Arbitrary<RequestMutation> =>
    parts[key].map((value) => ({ [key]: value }));
  return fc.oneof(
    ...(body === undefined ? [] : [{ arbitrary: alone('body'), weight: 12 }]),
    { arbitrary: alone('bytes'), weight: 3 },
    { arbitrary: alone('target'), weight: 4 },
    { arbitrary: alone('headers'), weight: 2 },
    { arbitrary: alone('method'), weight: 1 },
    { arbitrary: alone('secret'), weight: 2 },
    { arbitrary: alone('framing'), weight: 1 },
    { arbitrary: fc.record(parts, { requiredKeys: [] }), weight: 3 },
  );
}
