// Refusals of the homeserver that are no failures: "it is so already", "there is none".
import { MatrixRefusal } from './client.ts';

/** Whether the homeserver itself refused a request with one of these HTTP statuses. */
export function isRefusal(error: unknown, ...statuses: readonly number[]): error is MatrixRefusal {
  return error instanceof MatrixRefusal && statuses.includes(error.status);
}

/** Waits for an answer. @returns undefined for a refusal with one of these HTTP statuses, which is no error here */
export async function unlessRefused<T>(
  answer: Promise<T>,
  ...statuses: readonly number[]
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error, ...statuses)) return undefined;
    throw error;
  }
}
