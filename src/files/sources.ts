// Where the bytes of a file come from. A source can be opened again: it begins anew each time.
import { Readable } from 'node:stream';
import type { MatrixUserId, MxcUri } from '../domain/ids.ts';
import type { Media } from '../matrix/media.ts';
import type { AttachmentFetch } from '../net/attachments.ts';
import { HttpFailure } from '../net/failure.ts';
import type { ByteStream, OpenAnswer } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { FileRefused, refusedStatus } from './refused.ts';

/**
 * Opens a file at its beginning.
 * @throws FileRefused when there is none to be had; BridgeError, of which `file-unreachable` says that it may never be had
 */
export type Source = (signal: AbortSignal) => Promise<ByteStream>;

/** A file in the homeserver's media repository, or in that of another homeserver that it can reach. */
export function mediaSource({ download }: Pick<Media, 'download'>, as: MatrixUserId, uri: MxcUri): Source {
  return async (signal) => {
    try {
      return (await download(as, uri, signal)).content;
    } catch (error) {
      const status = refusedStatus(error);
      if (status === 404) throw new FileRefused('gone');
      // Here the homeserver itself answers, for another one that does not.
      if (status === 502 || status === 504) throw new BridgeError('file-unreachable', `download: ${status}`);
      throw error;
    }
  };
}

/** A file that stands in a resource. */
export function inlineSource(base64: string): Source {
  return () => Promise.resolve(Readable.from([Buffer.from(base64, 'base64')]));
}

/**
 * A file at the URL of an attachment. A failure of the FHIR server is one of the whole bridge, so that it is waited for;
 * another host may never come back.
 */
export function urlSource(fetchAttachment: AttachmentFetch, url: string): Source {
  return async (signal) => {
    const fetched = await fetchAttachment(url, signal);
    switch (fetched.kind) {
      case 'not-allowed':
        throw new FileRefused('address-not-allowed');
      case 'failed':
        throw unavailable(fetched.isOwn, fetched.failure);
      case 'answer': {
        const { answer, isOwn } = fetched;
        if (answer.status === 200) return watched(answer.content, isOwn);
        answer.close();
        throw refusalOf(answer, isOwn);
      }
    }
  };
}

async function* watched(content: ByteStream, isOwn: boolean): ByteStream {
  try {
    yield* content;
  } catch (error) {
    throw error instanceof HttpFailure ? unavailable(isOwn, error) : error;
  }
}

function unavailable(isOwn: boolean, { reason, message }: HttpFailure): Error {
  if (reason === 'too-large') return new FileRefused('too-large');
  return new BridgeError(
    isOwn || reason === 'stopped' ? 'fhir-unavailable' : 'file-unreachable',
    `fetch attachment: ${message}`,
  );
}

function refusalOf({ status, retryAfterMs }: OpenAnswer, isOwn: boolean): Error {
  if (status === 404 || status === 410) return new FileRefused('gone');
  const isFailing = status >= 500 || status === 408 || status === 429;
  const code = isOwn && isFailing ? 'fhir-unavailable' : 'file-unreachable';
  return new BridgeError(code, `fetch attachment: ${status}`, { retryAfterMs });
}
