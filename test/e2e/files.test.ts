// Files both ways, with a real Matrix client, Synapse, HAPI and a scanner that speaks clamd's protocol.
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Attachment, Communication } from 'fhir/r4.js';
import { communication, communicationRequest } from '../../stack/demo/care-network.ts';
import { EICAR, startClamd, type Clamd } from '../builders/clamd.ts';
import { waitUntil } from '../../stack/wait.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { awaitRecords, startContext } from './context.ts';
import { validationErrors } from './validate.ts';

const MEBIBYTE = 1024 * 1024;
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const OGG = Buffer.from(`OggS\0\x02${'\0'.repeat(20)}\x01\x13OpusHead\x01\x01${'\0'.repeat(40)}`, 'latin1');
const pdfOf = (bytes: number): Buffer => Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(bytes)]);
const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('base64');

describe.skipIf(inject('stackMissing') !== undefined)('files', () => {
  let context: TestContext;
  let clamd: Clamd;
  let conversation: { readonly roomId: string; readonly id: string };
  beforeAll(async () => {
    clamd = await startClamd();
    context = await startContext({
      BRIDGE_ATTACHMENTS_SCANNER: 'clamd',
      BRIDGE_ATTACHMENTS_CLAMD_ADDRESS: clamd.address,
    });
    const { room, id } = await context.createConversation('files', 'Please send pictures');
    conversation = { roomId: await context.nurse.join(room), id };
  });
  afterAll(async () => {
    await context.end();
    clamd.stop();
  });

  /** Uploads and sends a file as a client does. @returns the event id */
  async function send(bytes: Buffer, type: string, content: Record<string, unknown>): Promise<string> {
    const { client } = context.nurse;
    const { content_uri: url } = await client.uploadContent(new Blob([Uint8Array.from(bytes)]), { type });
    const whole = {
      url,
      ...content,
      info: { mimetype: type, size: bytes.length, ...(content['info'] ?? {}) },
    };
    return (await client.sendEvent(conversation.roomId, 'm.room.message' as never, whole as never)).event_id;
  }

  async function recordOf(eventId: string): Promise<Communication> {
    const look = async (): Promise<Communication | undefined> => {
      const records = await context.platform.search(
        `Communication?identifier=${encodeURIComponent(`https://matrix.org/event-id|${eventId}`)}`,
      );
      return records[0];
    };
    return waitUntil(look, { what: 'the message is recorded', timeoutMs: 150_000, everyMs: 200 });
  }

  async function contentOf({
    url,
  }: Attachment): Promise<{ readonly type: string | null; readonly bytes: Buffer }> {
    const response = await fetch(`${context.fhirUrl}/${url}`, { headers: { accept: '*/*' } });
    return { type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
  }

  const attachmentsOf = ({ payload = [] }: Communication): readonly Attachment[] =>
    payload.flatMap(({ contentAttachment }) => contentAttachment ?? []);
  const textsOf = ({ payload = [] }: Communication) =>
    payload.flatMap(({ contentString }) => contentString ?? []);

  /** Writes a Communication with these attachments, and waits for their messages. */
  async function platformSends(text: string, attachments: readonly Attachment[]) {
    const said = communication(context.prefix, conversation.id, text);
    await context.platform.post({
      ...said,
      payload: [{ contentString: text }, ...attachments.map((contentAttachment) => ({ contentAttachment }))],
    });
    await context.nurse.hear(conversation.roomId, text);
  }

  async function hearFile(name: string) {
    const event = await context.nurse.hear(conversation.roomId, name);
    const { url, ...content } = event.getContent();
    const http = context.nurse.client.mxcUrlToHttp(
      url as string,
      undefined,
      undefined,
      undefined,
      false,
      true,
      true,
    );
    const response = await fetch(http ?? '', {
      headers: { authorization: `Bearer ${context.nurse.client.getAccessToken() ?? ''}` },
    });
    return { content, sender: event.sender?.name, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  test('a picture with a caption becomes a text and an attachment with a Binary', async () => {
    const eventId = await send(PNG, 'image/png', {
      ...{ msgtype: 'm.image', body: 'The wound today', filename: 'wound.png', info: { w: 1, h: 1 } },
    });
    const record = await recordOf(eventId);
    expect(textsOf(record)).toEqual(['The wound today']);
    const [attachment = {}] = attachmentsOf(record);
    expect(attachment).toMatchObject({
      ...{ contentType: 'image/png', size: PNG.length, hash: sha1(PNG), title: 'wound.png' },
      url: expect.stringMatching(/^Binary\/file-[0-9a-f]{43}$/) as string,
    });
    expect(await contentOf(attachment)).toEqual({ type: 'image/png', bytes: PNG });
    const binary = (await context.platform.read(attachment.url ?? '')) as Record<string, unknown>;
    expect(binary['securityContext']).toEqual({ reference: `CommunicationRequest/${conversation.id}` });
  });

  test('a voice message is recorded as one', async () => {
    const eventId = await send(OGG, 'audio/ogg', {
      ...{ msgtype: 'm.audio', body: 'Voice message', 'org.matrix.msc3245.voice': {} },
      info: { duration: 2_500 },
    });
    const record = await recordOf(eventId);
    expect(record.meta?.tag?.map(({ code }) => code)).toEqual(['voice']);
    expect(attachmentsOf(record)).toMatchObject([{ contentType: 'audio/ogg', hash: sha1(OGG) }]);
  });

  test('a PDF goes both ways', async () => {
    const pdf = pdfOf(200_000);
    const eventId = await send(pdf, 'application/pdf', { msgtype: 'm.file', body: 'letter.pdf' });
    const [attachment = {}] = attachmentsOf(await recordOf(eventId));
    expect(attachment).toMatchObject({
      contentType: 'application/pdf',
      title: 'letter.pdf',
      size: pdf.length,
    });

    await platformSends('Two letters', [
      { contentType: 'application/pdf', url: attachment.url ?? '', title: 'back.pdf' },
      { contentType: 'image/png', data: PNG.toString('base64'), title: 'inline.png' },
    ]);
    const back = await hearFile('back.pdf');
    expect(back.sender).toBe('K.D.V. (relative)');
    expect(back.content).toMatchObject({
      ...{ msgtype: 'm.file', filename: 'back.pdf' },
      info: { mimetype: 'application/pdf', size: pdf.length },
    });
    expect(sha1(back.bytes)).toBe(sha1(pdf));
    const inline = await hearFile('inline.png');
    expect(inline.content).toMatchObject({ msgtype: 'm.image', info: { mimetype: 'image/png' } });
    expect(inline.bytes).toEqual(PNG);
  });

  test('of a gallery the sixth file goes into a second record', async () => {
    const { client } = context.nurse;
    const { content_uri: url } = await client.uploadContent(new Blob([Uint8Array.from(PNG)]), {
      type: 'image/png',
    });
    const itemtypes = ['1', '2', '3', '4', '5', '6'].map((body) => ({
      itemtype: 'm.image',
      body: `${body}.png`,
      url,
    }));
    const content = { msgtype: 'dm.filament.gallery', body: 'Six pictures', itemtypes };
    const { event_id: eventId } = await client.sendEvent(
      conversation.roomId,
      'm.room.message' as never,
      content as never,
    );
    const records = await awaitRecords(
      context.platform,
      conversation.id,
      (found) =>
        found.filter(({ identifier }) => identifier?.some(({ value }) => value === eventId)).length === 2,
    );
    const mine = records.filter(({ identifier }) => identifier?.some(({ value }) => value === eventId));
    const counts = mine.map((record) => attachmentsOf(record).length);
    expect(counts.toSorted()).toEqual([1, 5]);
  });

  test.each([
    ['infected', Buffer.from(EICAR), 'report.txt', 'malware was found in it'],
    [
      'of a type that is not allowed',
      Buffer.from('MZ\x90\0program', 'latin1'),
      'letter.pdf',
      'files of this type are not allowed',
    ],
  ])('a file that is %s is removed from the room, and both sides say so', async (_, bytes, name, why) => {
    const eventId = await send(bytes, 'application/pdf', { msgtype: 'm.file', body: 'Look', filename: name });
    const record = await recordOf(eventId);
    expect(textsOf(record)).toEqual(['Look', `[A file is missing here, ${name}: ${why}]`]);
    expect(attachmentsOf(record)).toEqual([]);
    expect(record.meta?.tag?.map(({ code }) => code)).toEqual(['content-lost']);
    const { client } = context.nurse;
    const isRemoved = (): boolean =>
      client.getRoom(conversation.roomId)?.findEventById(eventId)?.isRedacted() === true;
    await waitUntil(() => Promise.resolve(isRemoved()), {
      what: 'the message is removed',
      timeoutMs: 30_000,
    });
    await awaitIdle(context.bridge);
    const said = await context.nurse.history(conversation.roomId);
    expect(said.some((text) => text.includes('a file you sent') || text.includes('malware was found'))).toBe(
      true,
    );
  });

  test('an infected file from FHIR, one at an address of the inside, and one that is gone are named in the room', async () => {
    await platformSends('Three files', [
      { contentType: 'text/plain', data: Buffer.from(EICAR).toString('base64'), title: 'virus.txt' },
      { contentType: 'text/plain', url: 'http://169.254.169.254/latest/meta-data/', title: 'inside.txt' },
      { contentType: 'text/plain', url: `Binary/${context.prefix}gone`, title: 'gone.txt' },
    ]);
    for (const text of [
      '[A file is missing here, virus.txt: malware was found in it]',
      '[A file is missing here, inside.txt: its address is not allowed]',
      '[A file is missing here, gone.txt: it is not there any more]',
    ])
      await context.nurse.hear(conversation.roomId, text);
  });

  test('all that a CommunicationRequest says is said first in its room, in order', async () => {
    const { prefix, platform, nurse, serverName } = context;
    const id = `${prefix}thread`;
    const request = communicationRequest(prefix, id, `${prefix}team`, 'Thread created by RelatedPerson');
    await platform.put({
      ...request,
      payload: [
        { contentString: 'Thread created by RelatedPerson' },
        {
          contentAttachment: {
            ...{ contentType: 'application/pdf', title: 'rapport_fractuur.pdf' },
            ...{ data: pdfOf(1_000).toString('base64'), creation: '2024-06-21T00:00:00+02:00' },
          },
        },
        { contentAttachment: { contentType: 'image/png', data: PNG.toString('base64'), title: 'foto.png' } },
      ],
    });
    const roomId = await nurse.join(`#communicationrequest/${id}:${serverName}`);
    await nurse.hear(roomId, 'foto.png');
    expect(await nurse.history(roomId)).toEqual([
      'Thread created by RelatedPerson',
      'rapport_fractuur.pdf',
      'foto.png',
    ]);
  });

  test('40 MB go each way, with less than 200 MB of memory', { timeout: 400_000 }, async () => {
    const large = pdfOf(40 * MEBIBYTE - 9);
    // What it took to start, and to read what other tests had left on the servers, does not count.
    await forgetPeakMemory(context.bridge.service.pid());
    const eventId = await send(large, 'application/pdf', { msgtype: 'm.file', body: 'large.pdf' });
    const [attachment = {}] = attachmentsOf(await recordOf(eventId));
    expect(attachment).toMatchObject({ size: large.length, hash: sha1(large) });
    const scans = () => clamd.scanned.filter(({ length }) => length === large.length).length;
    const scansOfFirst = scans(); // more than one where the FHIR server took so long that it was tried again
    expect(scansOfFirst).toBeGreaterThan(0);
    await platformSends('And back', [
      { contentType: 'application/pdf', url: attachment.url ?? '', title: 'back40.pdf' },
    ]);
    const isThere = async () => (await context.nurse.history(conversation.roomId)).includes('back40.pdf');
    await waitUntil(isThere, { what: 'the file is sent', timeoutMs: 200_000, everyMs: 500 });
    const back = await hearFile('back40.pdf');
    expect(sha1(back.bytes)).toBe(sha1(large));
    expect(scans()).toBeGreaterThan(scansOfFirst);
    expect(await peakMemoryOf(context.bridge.service.pid())).toBeLessThan(200 * MEBIBYTE);
  });

  test('every record passes the FHIR server’s $validate', async () => {
    const records = await context.platform.search(
      `Communication?part-of=CommunicationRequest/${conversation.id}&_count=200`,
    );
    expect(records.length).toBeGreaterThan(8);
    expect(await validationErrors(context.fhirUrl, records)).toEqual([]);
  });

  test('no name of a file reaches the log', async () => {
    const log = await context.bridgeLog();
    for (const name of ['wound', 'letter.pdf', 'rapport', 'virus.txt', 'The wound today'])
      expect(log).not.toContain(name);
  });
});

/** From now on only (https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html). */
async function forgetPeakMemory(pid: number | undefined): Promise<void> {
  // Where the system does not let that be done, all counts.
  await writeFile(`/proc/${pid ?? 'self'}/clear_refs`, '5').catch(() => undefined);
}

/** The most memory that a process has had so far, in bytes (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html). */
async function peakMemoryOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 'self'}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
