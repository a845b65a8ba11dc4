/** Codes of build files, of what is generated, and of the command line. */
import { codes } from './entry.ts';

export const buildCodes = codes({
  'build-file-missing': {
    about: 'There is no build file where one was looked for. It is `kernels.yaml` unless another is named.',
    bad: 'kernelwright build            # in a folder without kernels.yaml',
    good: 'kernelwright build path/to/kernels.yaml',
  },
  'build-file-empty': {
    about: 'A build file lists at least one kernel.',
    bad: 'kernels: []',
    good: 'kernels:\n  - { layer: layernorm, sizes: { N: 8, D: 64 } }',
  },
  'build-file-invalid': {
    about: 'A value of the build file is not what stands there.',
    bad: 'kernels: layernorm',
    good: 'kernels:\n  - { layer: layernorm, sizes: { N: 8, D: 64 } }',
  },
  'duplicate-kernel': {
    about: 'Two entries of the build file make a module of one name, perhaps one that differs in capitals only. Name one of them.',
    bad: '- { layer: conv2d, sizes: ... }\n- { layer: conv2d, sizes: ..., options: { pad: 1 } }   # the same sizes',
    good: '- { layer: conv2d, sizes: ... }\n- { layer: conv2d, sizes: ..., options: { pad: 1 }, name: conv_padded }',
  },
  'tuning-format': {
    about: 'The tuning file beside the build file is not what `kernelwright tune` writes: kernels, their functions, and a label for each place.',
    bad: 'kernels: fast',
    good: 'kernels:\n  layernorm_8x64:\n    forward:\n      out/lanes: "8"',
  },
  'tuning-unknown': {
    about: 'The tuning file speaks of a kernel that no entry of the build file makes, perhaps one that was renamed since.',
    bad: 'kernels:\n  layernorm_4x16: { ... }        # the build file has layernorm_8x64',
    good: 'kernelwright tune            # writes the file again',
  },
  'unknown-target': {
    about: 'There is no such target to generate for.',
    bad: '{ layer: relu, sizes: { N: 8, D: 64 }, target: js }',
    good: '{ layer: relu, sizes: { N: 8, D: 64 }, target: [ts, wasm] }',
  },
  'target-buffers': {
    about: 'A module whose loops are WebAssembly cannot own its arrays: they would lie in a memory that other modules could not share.',
    bad: '{ layer: relu, sizes: { N: 8, D: 64 }, target: wasm, buffers: module }',
    good: "{ layer: relu, sizes: { N: 8, D: 64 }, target: wasm }   # and createArena of 'kernelwright/runtime'",
  },
  'output-folder': {
    about: 'The folder to write to is not one that can be written to safely: it is a file, or holds things that were not generated '
      + 'under names that would be overwritten.',
    bad: 'out: ../../..',
    good: 'out: generated',
  },
  'stale-output': {
    about: 'What stands in the output folder is not what the specs and the build file give: a spec changed since, or a generated '
      + 'file was edited by hand. Build again.',
    bad: 'kernelwright check            # after editing a spec',
    good: 'kernelwright build && kernelwright check',
  },
  'unknown-command': {
    about: 'The command line has no such command.',
    bad: 'kernelwright compile',
    good: 'kernelwright build',
  },
  'unknown-flag': {
    about: 'The command has no such flag.',
    bad: 'kernelwright build --output x',
    good: 'kernelwright build --out x',
  },
  'flag-value': {
    about: 'The value of a flag is missing or is none that it can have.',
    bad: 'kernelwright explain layernorm --sizes N=many',
    good: 'kernelwright explain layernorm --sizes N=8,D=64',
  },
  'missing-argument': {
    about: 'The command needs an argument.',
    bad: 'kernelwright explain',
    good: 'kernelwright explain layernorm',
  },
  'unexpected-argument': {
    about: 'The command takes fewer arguments.',
    bad: 'kernelwright build a.yaml b.yaml',
    good: 'kernelwright build a.yaml',
  },
  'unknown-stage': {
    about: '`--emit` prints a stage of the compiler, and there is none of that name.',
    bad: 'kernelwright explain relu --emit=ast',
    good: 'kernelwright explain relu --emit=spec',
  },
  'unknown-definition': {
    about: '`explain --only` prints one definition or gradient, and there is none of that name.',
    bad: 'kernelwright explain relu --only dy',
    good: 'kernelwright explain relu --only dx',
  },
  'file-exists': {
    about: 'A file of that name exists already and is not overwritten.',
    bad: 'kernelwright new layernorm',
    good: 'kernelwright new my_norm',
  },
});
