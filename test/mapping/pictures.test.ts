// The pictures of teams and of the bot: the same at every time, unlike each other, and images that clients can read.
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { imageTypeOf } from '../../src/mapping/avatars.ts';
import { BOT_DRAWING, drawingDigest, drawnImage, teamDrawing } from '../../src/mapping/pictures.ts';
import { ref } from '../builders/fhir.ts';

const KEY = 'a key of the operator';
const teams = Array.from({ length: 1_000 }, (_, index) => teamDrawing(ref(`CareTeam/${index}`), KEY));

test('the picture of a team is always the same one', () => {
  expect(teamDrawing(ref('CareTeam/244'), KEY)).toEqual({
    colour: '00707a',
    rows: ['.#.#.', '#.#.#', '.###.', '#####', '##.##'],
  });
});

test('without the key no one can tell which team has which picture', () => {
  expect(teamDrawing(ref('CareTeam/244'), KEY)).not.toEqual(teamDrawing(ref('CareTeam/244'), 'another key'));
});

test('of a thousand teams hardly two have the same picture, and none an empty or a full one', () => {
  expect(new Set(teams.map(drawingDigest)).size).toBeGreaterThan(950);
  for (const { rows } of teams) expect(new Set(rows).size).toBeGreaterThan(1);
});

describe('what is drawn', () => {
  const { contentType, bytes } = drawnImage(BOT_DRAWING);
  const chunks = chunksOf(Buffer.from(bytes));

  test('is a PNG of 112 × 112 pixels', () => {
    expect(contentType).toBe('image/png');
    expect(imageTypeOf(bytes)).toBe('image/png');
    expect([...chunks.keys()]).toEqual(['IHDR', 'PLTE', 'IDAT', 'IEND']);
    const header = chunks.get('IHDR');
    expect([header?.readUInt32BE(0), header?.readUInt32BE(4)]).toEqual([112, 112]);
    expect(bytes.length).toBeLessThan(2_000);
  });

  test('is the pattern, in white on the colour', () => {
    expect(chunks.get('PLTE')?.toString('hex')).toBe('1d4e89ffffff');
    const pixels = inflateSync(chunks.get('IDAT') ?? '');
    const lines = Array.from({ length: 112 }, (_, line) => pixels.subarray(line * 15, line * 15 + 15));
    // The pixel in the middle of each square.
    const squares = Array.from({ length: 7 }, (_, row) => {
      const line = lines[row * 16 + 8] ?? Buffer.alloc(15);
      return Array.from({ length: 7 }, (_, column) => (line[1 + column * 2] === 0xff ? '#' : '.')).join('');
    });
    expect(squares).toEqual(['.......', '...#...', '...#...', '.#####.', '...#...', '...#...', '.......']);
  });
});

/** The chunks of a PNG by their types. */
function chunksOf(png: Buffer): ReadonlyMap<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return chunks;
}
