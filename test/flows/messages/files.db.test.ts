// Files in the two pipelines: what is written and sent in place of them, what is told, and what a second attempt repeats.
import { describe, expect, test } from 'vitest';
import type { Carried } from '../../../src/domain/files.ts';
import type { FhirCopy, Files, MatrixCopy } from '../../../src/files/files.ts';
import type { MessageOptions } from '../../../src/messages/options.ts';
import type { Bridge } from '../../../src/flows/bridge.ts';
import type { MxcUri } from '../../../src/domain/ids.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { edit, redaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { eventId } from '../../builders/matrix.ts';
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
  messages: Partial<MessageOptions> = {},
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
  return { ...(await createRelayWorld(pool(), undefined, { files, sending, messages })), asked };
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

describe('as documents', () => {
  const documenting = () => worldWith({ toFhir: copied }, {}, { filesAs: 'document-reference' });
  const documents = ({ fhir }: Awaited<ReturnType<typeof documenting>>) =>
    [...fhir.stored.values()].filter((each) => each.resourceType === 'DocumentReference');
  const M = '$event:example.org';

  test('the record refers to a DocumentReference that holds the file', async () => {
    const world = await documenting();
    await world.toFhir({ content: PICTURE });
    const [document] = documents(world);
    expect(document).toMatchObject({
      ...{ status: 'current', subject: { reference: 'Patient/12' } },
      content: [
        { attachment: { url: `Binary/${world.asked[0]}`, title: 'wound.png', contentType: 'image/png' } },
      ],
    });
    const record = [...world.fhir.stored.values()].find((each) => each.resourceType === 'Communication');
    expect(record?.payload).toEqual([
      { contentString: 'Look' },
      {
        contentReference: {
          ...{
            reference: `DocumentReference/${document?.id}`,
            type: 'DocumentReference',
            display: 'wound.png',
          },
        },
      },
    ]);
  });

  test('a retraction enters them in error too', async () => {
    const world = await documenting();
    await world.toFhir({ content: PICTURE });
    await world.toFhir(redaction('$r', M));
    expect(documents(world)).toMatchObject([{ status: 'entered-in-error' }]);
  });

  test('an edit that leaves one out does so, and its redaction makes it current again', async () => {
    const world = await documenting();
    await world.toFhir({ content: PICTURE });
    await world.toFhir(edit('$e', 'without', 1));
    expect(documents(world)).toMatchObject([{ status: 'entered-in-error' }]);
    await world.toFhir(redaction('$r', '$e'));
    expect(documents(world)).toMatchObject([{ status: 'current' }]);
  });

  test('an answer that got lost makes no second one', async () => {
    const world = await documenting();
    world.fhir.loseAnswer();
    await expect(world.toFhir({ content: PICTURE })).rejects.toThrow('fhir-unavailable');
    await world.toFhir({ content: PICTURE }, { number: 2 });
    expect(documents(world)).toHaveLength(1);
  });

  test('one of a platform is left as it is when its message is retracted', async () => {
    const world = await documenting();
    const letter = { resourceType: 'DocumentReference', id: '1', status: 'current', content: [] } as const;
    await world.relay.fhir.createOnce({ ...letter, content: [] }, { mayExist: false });
    await world.toFhir();
    const payload = [{ contentReference: { reference: 'DocumentReference/1' } }];
    await world.fhir.put(communicationIdOf(eventId(M)), { payload });
    await world.toFhir(redaction('$r', M));
    expect(documents(world)).toMatchObject([{ status: 'current' }]);
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

  test('a DocumentReference is its file', async () => {
    const world = await worldWith({ toMatrix: uploaded });
    const attachment = { url: 'Binary/1', title: 'letter.png' };
    const letter = { resourceType: 'DocumentReference', id: '1', status: 'current' } as const;
    await world.relay.fhir.createOnce({ ...letter, content: [{ attachment }] }, { mayExist: false });
    await world.fhir.put('9', { payload: [{ contentReference: { reference: 'DocumentReference/1' } }] });
    await world.toMatrix('Communication/9');
    expect(world.sending.sent).toMatchObject([
      { content: { msgtype: 'm.image', body: 'letter.png', url: 'mxc://example.org/up' } },
    ]);
    expect(await world.toMatrix('Communication/9')).toMatchObject({ result: 'unchanged' });
  });
});
