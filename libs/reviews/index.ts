export * from './binding.js';
export * from './preview.js';
export * from './review.js';
export * from './settle.js';
export * from './vote.js';
