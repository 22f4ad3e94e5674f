// The homeserver's media repository: uploads.
import { z } from 'zod';
import type { MatrixUserId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';

/** A file to be uploaded. */
export interface Upload {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Creates the operations on a client. */
export function createMedia(client: MatrixClient) {
  return {
    /** Uploads a file, which bears no name: names tell of people. @returns its `mxc://` URI */
    async upload(as: MatrixUserId, file: Upload, signal?: AbortSignal): Promise<string> {
      const answer = await client.request(
        {
          operation: 'upload',
          method: 'POST',
          prefix: '/_matrix/media/v3',
          path: '/upload',
          as,
          file,
          signal,
        },
        z.object({ content_uri: z.string().startsWith('mxc://') }),
      );
      return answer.content_uri;
    },
  };
}
