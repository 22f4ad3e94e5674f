// Files in the two pipelines: what is written and sent in place of them, what is told, and what a second attempt repeats.
import { describe, expect, test } from 'vitest';
import type { Carried } from '../../../src/domain/files.ts';
import type { FhirCopy, Files, MatrixCopy } from '../../../src/files/files.ts';
import type { Bridge } from '../../../src/flows/bridge.ts';
import type { MxcUri } from '../../../src/domain/ids.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const PICTURE = { msgtype: 'm.image', body: 'Look', filename: 'wound.png', url: 'mxc://example.org/abc' };
const TAG = 'content-lost';

/** A world whose files come to this. */
async function worldWith(
  over: {
    readonly toFhir?: (id: string) => Promise<Carried<FhirCopy>>;
    readonly toMatrix?: (id: string) => Promise<Carried<MatrixCopy>>;
  },
  sending: Partial<Bridge['sending']> = {},
) {
  const asked: string[] = [];
  const unexpected = () => Promise.reject(new TypeError('No file was expected'));
  const files: Files = {
    toFhir: ({ id }) => {
      asked.push(id);
      return (over.toFhir ?? unexpected)(id);
    },
    toMatrix: ({ id }) => {
      asked.push(id);
      return (over.toMatrix ?? unexpected)(id);
    },
  };
  return { ...(await createRelayWorld(pool(), undefined, { files, sending })), asked };
}

const copied = (id: string): Promise<Carried<FhirCopy>> =>
  Promise.resolve({
    kind: 'carried',
    contentType: 'image/png',
    size: 7,
    hash: 'aGFzaA==',
    binary: ref(`Binary/${id}`),
  });
const uploaded = (): Promise<Carried<MatrixCopy>> =>
  Promise.resolve({
    kind: 'carried',
    contentType: 'image/png',
    size: 7,
    uri: 'mxc://example.org/up' as MxcUri,
  });

describe('from Matrix', () => {
  test('the record has the file as it was copied', async () => {
    const { toFhir, fhir, asked } = await worldWith({ toFhir: copied });
    const { result, next } = await toFhir({ content: PICTURE });
    expect([result, next]).toEqual(['done', []]);
    const [record] = [...fhir.stored.values()];
    expect(record).toMatchObject({
      payload: [
        { contentString: 'Look' },
        {
          contentAttachment: {
            ...{ contentType: 'image/png', url: `Binary/${asked[0]}`, size: 7, hash: 'aGFzaA==' },
            title: 'wound.png',
          },
        },
      ],
    });
  });

  test('a failure is retried under the same id', async () => {
    const failures = [new BridgeError('fhir-unavailable', 'no answer')];
    const { toFhir, asked } = await worldWith({
      toFhir: (id) => {
        const failure = failures.shift();
        return failure === undefined ? copied(id) : Promise.reject(failure);
      },
    });
    await expect(toFhir({ content: PICTURE })).rejects.toThrow('fhir-unavailable');
    expect((await toFhir({ content: PICTURE }, { number: 2 })).result).toBe('done');
    expect(new Set(asked).size).toBe(1);
  });

  test.each([
    ['infected', true, 'file-infected', 'malware was found in it'],
    ['type-not-allowed', true, 'file-not-allowed', 'files of this type are not allowed'],
    ['too-large', false, 'file-too-large', 'it is too large'],
    ['gone', false, 'file-missing', 'it is not there any more'],
  ] as const)(
    'a file refused as %s is named in a marked record (message removed: %s), and its sender is told',
    async (reason, isRemoved, notice, why) => {
      const world = await worldWith({ toFhir: () => Promise.resolve({ kind: 'refused', reason }) });
      const { result, next, facts } = await world.toFhir({ content: PICTURE });
      expect(result).toBe('done');
      const [record] = [...world.fhir.stored.values()];
      expect(record).toMatchObject({
        meta: { tag: [{ code: TAG }] },
        payload: [
          { contentString: 'Look' },
          { contentString: `[A file is missing here, wound.png: ${why}]` },
        ],
      });
      expect(world.sending.sent).toMatchObject(isRemoved ? [{ eventId: '$event:example.org' }] : []);
      expect(next.map(({ payload }) => payload)).toMatchObject([
        { kind: 'message-notice', reason: notice },
        { kind: 'send-status', failure: notice },
      ]);
      expect(facts.map(({ kind }) => kind)).toEqual(['created', 'refused']);
    },
  );

  test('where the bot may not remove it, the record is made all the same', async () => {
    const refused = () => Promise.resolve({ kind: 'refused', reason: 'infected' } as const);
    const world = await worldWith(
      { toFhir: refused },
      {
        redactAs: () => Promise.reject(new BridgeError('matrix-refused', 'redact: 403')),
      },
    );
    expect((await world.toFhir({ content: PICTURE })).result).toBe('done');
  });

  test('a change of the record copies no file that others put into it', async () => {
    const world = await worldWith({ toFhir: copied });
    await world.toFhir({ content: PICTURE });
    const [reference = ref('Communication/0'), record] = [...world.fhir.stored][0] ?? [];
    if (record === undefined) throw new TypeError('Expected a record');
    const foreign = { contentAttachment: { url: 'mxc://example.org/secret' } };
    world.fhir.stored.set(reference, { ...record, payload: [foreign] } as never);
    const redaction = {
      type: 'm.room.redaction',
      event_id: '$r',
      content: { redacts: '$event:example.org' },
    };
    await world.toFhir(redaction);
    expect(world.asked).toHaveLength(1);
  });
});

describe('from FHIR', () => {
  const payload = [{ contentAttachment: { url: 'Binary/1', title: 'letter.png' } }, { contentString: 'See' }];

  test('the text is sent first, then each file as it was uploaded', async () => {
    const world = await worldWith({ toMatrix: uploaded });
    await world.fhir.put('9', { payload });
    expect((await world.toMatrix('Communication/9')).result).toBe('done');
    expect(world.sending.sent).toMatchObject([
      { content: { msgtype: 'm.text', body: 'See' } },
      {
        content: {
          ...{ msgtype: 'm.image', body: 'letter.png', url: 'mxc://example.org/up' },
          info: { mimetype: 'image/png', size: 7 },
        },
      },
    ]);
  });

  test('what was sent is not sent again when a later file fails, and the upload has the same id', async () => {
    const failures = [new BridgeError('file-unreachable', 'no answer')];
    const world = await worldWith({
      toMatrix: () => {
        const failure = failures.shift();
        return failure === undefined ? uploaded() : Promise.reject(failure);
      },
    });
    await world.fhir.put('9', { payload });
    await expect(world.toMatrix('Communication/9')).rejects.toThrow('file-unreachable');
    expect((await world.toMatrix('Communication/9', { number: 2 })).result).toBe('done');
    expect(world.sending.sent).toHaveLength(2);
    expect(new Set(world.asked).size).toBe(1);
  });

  test('in place of a refused file a text says so', async () => {
    const world = await worldWith({
      toMatrix: () => Promise.resolve({ kind: 'refused', reason: 'address-not-allowed' }),
    });
    await world.fhir.put('9', { payload });
    await world.toMatrix('Communication/9');
    expect(world.sending.sent[1]).toMatchObject({
      content: {
        msgtype: 'm.text',
        body: '[A file is missing here, letter.png: its address is not allowed]',
      },
    });
  });
});
