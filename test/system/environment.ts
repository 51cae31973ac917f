// Tests, and the commands that they run, find the stack by the same variables as the services.
import { inject } from 'vitest';

Object.assign(process.env, inject('environment'));
