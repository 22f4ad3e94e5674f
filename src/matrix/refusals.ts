// Refusals of the homeserver that mean "it is so already" or "there is none", not failure.
import { MatrixRefusal } from './client.ts';

/** Runs `work`; a refusal with this HTTP status is undefined instead of an error. */
export async function unlessStatus<T>(status: number, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MatrixRefusal && error.status === status) return undefined;
    throw error;
  }
}
