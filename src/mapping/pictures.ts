// The pictures that the bridge draws: a pattern of its own for each team, in a colour, and a plain one for its bot.
//
// The pattern comes from a keyed hash, so the picture says nothing of the team, and the same team always has the same one. It
// is drawn as a PNG without compression, so that the bytes are the same under every version of Node.
import { createHash, createHmac } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { FhirReference } from '../domain/ids.ts';
import type { Image } from './avatars.ts';

/** What is drawn: five rows of five squares, in white on a colour. */
export interface Drawing {
  /** Each row from its left to its right. */
  readonly rows: readonly string[];
  /** Red, green and blue, as `1f77b4`. */
  readonly colour: string;
}

/** Colours that are told apart with most kinds of colour blindness, each dark enough for white on it (WCAG 2.2, 1.4.11: 3:1). */
const COLOURS = [
  '0b6e4f',
  '8c2f39',
  '1d4e89',
  '7a4e00',
  '5b2a86',
  '00707a',
  'a13d00',
  '3d5a00',
  '44546a',
  '9c1f6e',
] as const;
/** Squares along an edge: five of the pattern and one of the margin at each side. */
const EDGE = 7;
/** Pixels along the edge of a square. Seven squares of 16 fill whole bytes at a bit per pixel. */
const SCALE = 16;

/** The picture of the bot: a cross. */
export const BOT_DRAWING: Drawing = {
  rows: ['..#..', '..#..', '#####', '..#..', '..#..'],
  colour: '1d4e89',
};

/** The picture of a team. @param key the pseudonymization key: without it no one can tell which team has which picture */
export function teamDrawing(team: FhirReference, key: string): Drawing {
  const bytes = createHmac('sha256', key).update(`picture:${team}`).digest();
  const colour = COLOURS[(bytes[0] ?? 0) % COLOURS.length] ?? COLOURS[0];
  const halves = Array.from({ length: 5 }, (_, row) => halfRow(bytes[row + 1] ?? 0));
  // An empty pattern, or a full one, is told apart from no other.
  if (new Set(halves).size === 1) halves[2] = halfRow((bytes[3] ?? 0) ^ 0b111);
  return { colour, rows: halves.map(mirrored) };
}

/** By this the same drawing is found again; the number is that of the way of drawing. */
export function drawingDigest({ rows, colour }: Drawing): string {
  return createHash('sha256')
    .update(['1', colour, ...rows].join(' '))
    .digest('base64url');
}

/** Draws the picture. https://www.w3.org/TR/png-3/ */
export function drawnImage({ rows, colour }: Drawing): Image {
  const side = EDGE * SCALE;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([1, 3, 0, 0, 0], 8); // one bit per pixel, of a palette
  const palette = Buffer.from(`${colour}ffffff`, 'hex');
  const lines = padded(rows).flatMap((row) => Array.from({ length: SCALE }, () => lineOf(row)));
  const chunks = [
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(Buffer.concat(lines), { level: 0 })),
    chunk('IEND', Buffer.alloc(0)),
  ];
  const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
  return { contentType: 'image/png', bytes: Uint8Array.from(bytes) };
}

/** Three squares, by the lowest three bits. */
function halfRow(bits: number): string {
  return [4, 2, 1].map((bit) => ((bits & bit) === 0 ? '.' : '#')).join('');
}

/** Five squares from three: people remember a pattern better whose sides are alike. */
function mirrored(half: string): string {
  return `${half}${half.charAt(1)}${half.charAt(0)}`;
}

/** With a margin, which clients cut off where they show pictures round. */
function padded(rows: readonly string[]): readonly string[] {
  const margin = '.'.repeat(EDGE);
  return [margin, ...rows.map((row) => `.${row}.`), margin];
}

/** A line of pixels, a byte for each eight, after the byte that says it is not filtered. */
function lineOf(row: string): Buffer {
  const pixels = Array.from(row).flatMap((square) =>
    Array.from({ length: SCALE / 8 }, () => (square === '#' ? 0xff : 0)),
  );
  return Buffer.from([0, ...pixels]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
