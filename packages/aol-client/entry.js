import './without-eval.js';

export * from '../../dist/src/client/index.js';
