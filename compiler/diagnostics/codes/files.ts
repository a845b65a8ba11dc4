/** Codes of files as such: whether they can be read, are text, and are YAML. */
import { codes } from './entry.ts';

export const fileCodes = codes({
  'file-unreadable': {
    about: 'The file does not exist, is a folder, or may not be read.',
    bad: 'kernelwright explain no_such_layer.layer.yaml',
    good: 'kernelwright explain specs/layernorm.layer.yaml',
  },
  'file-unwritable': {
    about: 'The file or folder cannot be written. Nothing was written: output is either complete or untouched.',
    bad: 'kernelwright build --out /read-only',
    good: 'kernelwright build --out generated',
  },
  'bad-utf8': {
    about: 'Files are UTF-8 text without NUL bytes. The place of the first byte that is not is shown.',
    bad: 'summary: Gr\\xFC\\xDFe        # saved as Latin-1',
    good: 'summary: Grüße          # saved as UTF-8',
  },
  'empty-file': {
    about: 'The file holds nothing, or nothing but comments.',
    bad: '# a layer will stand here',
    good: 'layer: relu\n...',
  },
  'yaml-syntax': {
    about: 'The text is not YAML 1.2. Usual reasons: a tab in the indentation, a `: ` inside an unquoted text, a value '
      + 'that starts with a character that YAML keeps for itself, or a bracket that is never closed.',
    bad: 'summary: Layer norm: each sample by itself',
    good: 'summary: "Layer norm: each sample by itself"',
  },
  'yaml-feature': {
    about: 'Anchors, aliases, tags, merge keys, directives and several documents in a file are legal YAML, but make a '
      + 'file say more than it shows. They are refused. Specs share what they have in common with `extends`.',
    bad: 'inputs: { x: &shape [N, D] }\noutputs: { out: *shape }',
    good: 'inputs: { x: [N, D] }\noutputs: { out: [N, D] }',
  },
  'duplicate-key': {
    about: 'A mapping has the same key twice. Which of the two would count is a guess, so neither does.',
    bad: 'forward:\n  out: x + 1\n  out: x + 2',
    good: 'forward:\n  once: x + 1\n  out:  once + 2',
  },
  'limit-exceeded': {
    about: 'The input is beyond a limit that no sensible file comes near (size of the file, number of definitions, depth '
      + 'of nesting, size of a tensor, bytes to generate). The limits keep a hostile file from taking the machine with it.',
    bad: 'sizes: { N: 1000000000000 }',
    good: 'sizes: { N: 100 }',
  },
});
