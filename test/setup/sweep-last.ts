// The order of the test files: Vitest's own, with the privacy sweep last, as it looks at what all others left behind.
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

// eslint-disable-next-line no-restricted-syntax -- Vitest takes a class.
export class SweepLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSweep = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith('/e2e/privacy.test.ts');
    return [...sorted.filter((file) => !isSweep(file)), ...sorted.filter(isSweep)];
  }
}
