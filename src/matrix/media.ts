// Homeserver operations on media: uploads.
import { z } from 'zod';
import type { MatrixUserId } from '../domain/ids.ts';
import type { MatrixClient } from './client.ts';

/** A file to upload. */
interface Upload {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Creates the operations on a client. */
export function createMedia(client: MatrixClient) {
  return {
    /** Uploads a file without its name, which could name a person. @returns its `mxc://` URI */
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
