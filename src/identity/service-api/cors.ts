// CORS of the Identity Service API: browsers may call it from anywhere (https://spec.matrix.org/v1.19/identity-service-api/#web-browser-clients).
import type { RequestHandler } from 'express';

const HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Origin, X-Requested-With, Content-Type, Accept, Authorization',
} as const;

/** Puts the headers on every answer, refusals included, and answers what browsers ask beforehand. */
export const cors: RequestHandler = (request, response, next) => {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (request.method === 'OPTIONS') response.writeHead(204).end();
  else next();
};
