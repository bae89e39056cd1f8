# The dashboard in Chromium: see t/browser/dashboard/log.mjs.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Browser;
use Test::More;

Kanda::Browser->new->start->run('t/browser/dashboard/log.mjs');

done_testing;
