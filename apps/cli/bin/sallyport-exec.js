#!/usr/bin/env node
// Committed, unlike the build output, so that npm can link it and it can be run.
import '../dist/exec-main.js';
