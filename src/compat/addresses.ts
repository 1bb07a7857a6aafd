/**
 * The address under which this server has a call, for `rewriteUrl` of Fastify: the original local server has its accounts
 * under `auth/local`, and some of its sync under `atome/sync`.
 */
export function addressInOwnWords(url: string): string {
  if (url.includes('/auth/local/')) return url.replace(/^([^?]*\/auth)\/local\//, '$1/');
  return url.includes('/atome/sync/') ? url.replace(/^([^?]*)\/atome\/sync\/(push|ack)(?=$|\?)/, '$1/sync/$2') : url;
}
