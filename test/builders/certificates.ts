// Certificates for tests: an authority of its own for each call, and what it signs. DER by hand, so that no program is needed.
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A certificate with its key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority: its own certificate, and what signs others. */
export interface Authority extends Certificate {
  /** Issues a certificate to a name, or to `organisation/name`; with an address it is a server's. */
  readonly issue: (subject: string, address?: string) => Certificate;
}

interface Wish {
  readonly subject: string;
  readonly issuer: string;
  /** The issuer's. */
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  organization: '55040a',
  basicConstraints: '551d13',
  subjectAltName: '551d11',
};
const DAY_MS = 86_400_000;

/** Makes an authority that nobody else trusts. */
export function createAuthority(commonName = 'Test authority'): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ...certificate(own.privateKey, {
      ...{ subject: commonName, issuer: commonName, signer: own.privateKey },
      extensions: [extension(OID.basicConstraints, sequence(der(0x01, Buffer.of(0xff))))],
    }),
    issue(subject, address) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const ip = address === undefined ? [] : [der(0x87, Buffer.from(address.split('.').map(Number)))];
      return certificate(privateKey, {
        ...{ subject, issuer: commonName, signer: own.privateKey },
        extensions: ip.map((one) => extension(OID.subjectAltName, sequence(one))),
      });
    },
  };
}

function certificate(key: KeyObject, { subject, issuer, signer, extensions }: Wish): Certificate {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(0x40), randomBytes(8)])), // serial number, positive
    algorithm,
    name(issuer),
    sequence(time(now - DAY_MS), time(now + DAY_MS)),
    name(subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
  );
  const signed = sequence(body, algorithm, bits(sign('sha256', body, signer)));
  const lines = signed.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: String(key.export({ type: 'pkcs8', format: 'pem' })),
  };
}

/** Tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bits = (content: Buffer): Buffer => der(0x03, Buffer.concat([Buffer.of(0), content]));
/** `Care/bridge` is O=Care, CN=bridge. */
function name(text: string): Buffer {
  const [commonName = '', organization] = text.split('/').reverse();
  const part = (id: string, value: string): Buffer =>
    der(0x31, sequence(oid(id), der(0x0c, Buffer.from(value))));
  return sequence(
    ...(organization === undefined ? [] : [part(OID.organization, organization)]),
    part(OID.commonName, commonName),
  );
}
/** Critical, as authorities must have it. */
const extension = (id: string, value: Buffer): Buffer =>
  sequence(oid(id), der(0x01, Buffer.of(0xff)), der(0x04, value));
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));
