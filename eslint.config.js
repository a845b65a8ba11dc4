// What the type checker does not see: habits that hide mistakes, and the rules of style that a machine can hold.
import js from '@eslint/js';
import ts from 'typescript-eslint';

const noDefault = { selector: 'ExportDefaultDeclaration', message: 'Export by name: a name can be searched for.' };
const noEnum = { selector: 'TSEnumDeclaration', message: 'A union of literals says the same and vanishes.' };
const noNamespace = { selector: 'TSModuleDeclaration[kind="namespace"]', message: 'A file is the namespace.' };

export default ts.config(
  { ignores: ['node_modules/', 'dist/', 'build/', '**/fixtures/', '**/golden/**/*.json'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',   // noUncheckedIndexedAccess asks for many that a loop proves
      '@typescript-eslint/no-unused-vars': 'off',          // tsc says so already
      'no-unused-vars': 'off',
      'no-undef': 'off',
      'no-control-regex': 'off',                           // what a hostile file holds is what they look for
      'no-restricted-syntax': ['error', noDefault, noEnum, noNamespace],
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
    },
  },
  { files: ['compiler/**/*.ts', 'runtime/**/*.ts', 'generated/**/*.ts', 'cli/**/*.ts'], rules: { 'no-console': 'error' } },
  {
    // The tests of kernels and the kernels themselves are written by the emitter; what it must not write is checked above.
    files: ['generated/**/*.ts'],
    rules: { 'prefer-const': 'off', 'no-useless-assignment': 'off', '@typescript-eslint/no-unused-expressions': 'off' },
  },
  { files: ['**/*.js'], languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } } },
);
