// Makes what failed smaller, as long as it fails: the fewest changes that show the fault.

/** Candidates that are smaller than a record of parts: without one part, or with one part's list shorter by one. */
export function lesserParts<Parts extends object>(parts: Parts): readonly Parts[] {
  return Object.entries(parts).flatMap(([name, value]: [string, unknown]) => [
    without(parts, name),
    ...(Array.isArray(value) ? shorter(value).map((list) => ({ ...parts, [name]: list })) : []),
  ]);
}

/** A list without each of its elements, but never empty. */
export function shorter<Each>(list: readonly Each[]): readonly (readonly Each[])[] {
  return list.length < 2 ? [] : list.map((_, left) => list.filter((__, index) => index !== left));
}

function without<Parts extends object>(parts: Parts, name: string): Parts {
  return Object.fromEntries(Object.entries(parts).filter(([each]) => each !== name)) as Parts;
}

/** The smallest that still fails. */
export async function smallest<Case>(
  failing: Case,
  lesser: (one: Case) => readonly Case[],
  fails: (one: Case) => Promise<boolean>,
): Promise<Case> {
  for (const candidate of lesser(failing)) {
    if (await fails(candidate)) return smallest(candidate, lesser, fails);
  }
  return failing;
}
