// Runs npm's node-media-server with the configuration of its argument.
import NodeMediaServer from 'node-media-server';

const config = JSON.parse(process.argv[2] ?? '{}');
new NodeMediaServer(config, '').run();
