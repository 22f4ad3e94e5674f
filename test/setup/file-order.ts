// The order of the test files: those that share a bridge one after another, and last the privacy sweep, as it looks at what all others left behind.
import { readFileSync } from 'node:fs';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

// eslint-disable-next-line no-restricted-syntax -- Vitest takes a class.
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted
      .map((file) => ({ file, place: placeOf(file) }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ file }) => file);
  }
}

/** A bridge of a file's own ends the shared one: files that begin with the shared one and go on with their own come between. */
function placeOf({ moduleId }: TestSpecification): number {
  if (moduleId.endsWith('/e2e/privacy.test.ts')) return 4;
  const text = readFileSync(moduleId, 'utf8');
  // It takes in what all others have on the FHIR server, and the next bridges would see it do so.
  if (text.includes("'--all'")) return 3;
  if (!text.includes('shareContext(')) return 2;
  return text.includes('startContext(') ? 1 : 0;
}
