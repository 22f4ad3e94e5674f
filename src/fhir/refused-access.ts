// 401 and 403: of one resource, or of all, so that the credentials are at fault.

/** So many different requests in a row, and none that the server took, mean that it takes none. */
const DIFFERENT_REQUESTS = 4;

/** Notes which requests the server takes from the bridge, and tells what a refusal means. */
export interface RefusedAccess {
  /** The server took a request, whatever it answered. */
  readonly noteAccess: () => void;
  /** It refused this one. @returns whether it refuses all */
  readonly isOfAll: (request: { readonly method: string; readonly path: string }) => boolean;
}

/** Creates it. */
export function createRefusedAccess(): RefusedAccess {
  const refused = new Set<string>();
  return {
    noteAccess: () => {
      refused.clear();
    },
    isOfAll: ({ method, path }) => {
      if (refused.size < DIFFERENT_REQUESTS) refused.add(`${method} ${path}`);
      return refused.size >= DIFFERENT_REQUESTS;
    },
  };
}
