// Refusals of the homeserver that are no failures: "it is so already", "there is none".
import { MatrixRefusal } from './client.ts';

/** Runs `work`. @returns undefined for a refusal with this HTTP status, which is no error here */
export async function unlessStatus<T>(status: number, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MatrixRefusal && error.status === status) return undefined;
    throw error;
  }
}
