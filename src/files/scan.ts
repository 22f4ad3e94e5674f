// What a scanner does.
import type { ByteStream } from '../net/http.ts';

/**
 * Has a file judged. It reads the file to its end, unless it finds something before.
 * @throws BridgeError `scanner-unavailable` when there is no verdict
 */
export type Scan = (content: ByteStream, signal: AbortSignal) => Promise<'clean' | 'infected'>;
