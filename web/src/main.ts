// Starts the page: choices first, so that nothing flashes in the wrong language or colours.

import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/frame.css';
import './styles/panels.css';
import './styles/tables.css';
import './styles/forms.css';
import './styles/pages.css';
import App from './App.svelte';
import { speech } from './lib/speech.svelte';
import { theme } from './lib/theme.svelte';

speech.start();
theme.start();

const target = document.getElementById('app');
if (target) mount(App, { target });
