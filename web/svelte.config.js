import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    // Phone layout changes the display of table parts, and some browsers then drop their meaning unless it is spelt out.
    warningFilter: (warning) => warning.code !== 'a11y_no_redundant_roles',
  },
};
