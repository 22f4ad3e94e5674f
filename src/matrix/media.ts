// Homeserver operations on media: files that flow to and from the media repository. https://spec.matrix.org/v1.19/client-server-api/#content-repository
import { z } from 'zod';
import type { MatrixUserId, MxcUri } from '../domain/ids.ts';
import { isMxcUri } from '../domain/ids.ts';
import type { FlowingFile, OpenAnswer } from '../net/http.ts';
import { MatrixRefusal, success, type MatrixClient } from './client.ts';

const UNVERSIONED = '/_matrix/media/v1';
const UPLOAD = '/_matrix/media/v3';
const AUTHENTICATED = '/_matrix/client/v1/media';

const createdSchema = z.object({ content_uri: z.string().refine(isMxcUri) });
const limitsSchema = z.looseObject({ 'm.upload.size': z.int().positive().optional() });

/**
 * Creates the operations on a client.
 * @param timeoutMs how long a whole file may take
 */
export function createMedia(client: MatrixClient, timeoutMs: number) {
  return {
    /**
     * Opens a file for reading.
     * @throws MatrixRefusal with status 404 when there is none, 502 or 504 when the homeserver cannot get it from another
     */
    async download(as: MatrixUserId, uri: MxcUri, signal?: AbortSignal): Promise<OpenAnswer> {
      const request = { as, prefix: AUTHENTICATED, signal, timeoutMs };
      return client.open('download', ['download', ...partsOf(uri)], request);
    },

    /**
     * Reserves a URI, so that it can be kept before anything is sent. Unused, it is forgotten after some time.
     * https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav1create
     */
    async reserve(as: MatrixUserId, signal?: AbortSignal): Promise<MxcUri> {
      const request = { as, prefix: UNVERSIONED, body: {}, signal };
      return (await client.post('reserve media', ['create'], createdSchema, request)).content_uri;
    },

    /**
     * Uploads a file under a reserved URI, without its name, which could name a person. Success also when an earlier attempt
     * has done so.
     * @param as the user that reserved it
     * @returns false when the homeserver has forgotten the URI
     * https://spec.matrix.org/v1.19/client-server-api/#put_matrixmediav3uploadservernamemediaid
     */
    async fill(as: MatrixUserId, uri: MxcUri, file: FlowingFile, signal?: AbortSignal): Promise<boolean> {
      const request = { as, file, prefix: UPLOAD, signal, timeoutMs };
      try {
        await client.put('upload media', ['upload', ...partsOf(uri)], success, request);
        return true;
      } catch (error) {
        if (!(error instanceof MatrixRefusal)) throw error;
        if (error.errcode === 'M_CANNOT_OVERWRITE_MEDIA') return true;
        if (error.status === 404) return false;
        throw error;
      }
    },

    /** The largest file that the homeserver takes, in bytes; undefined when it does not say. */
    async largestUpload(as: MatrixUserId, signal?: AbortSignal): Promise<number | undefined> {
      const request = { as, prefix: AUTHENTICATED, signal };
      return (await client.get('media limits', ['config'], limitsSchema, request))['m.upload.size'];
    },
  };
}

export type Media = ReturnType<typeof createMedia>;

function partsOf(uri: MxcUri): readonly string[] {
  return uri.slice('mxc://'.length).split('/');
}
