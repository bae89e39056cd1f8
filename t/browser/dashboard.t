# The dashboard in Chromium: from an account with nothing in it to its end.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Browser;
use Test::More;

Kanda::Browser->new->start->run('t/browser/dashboard.mjs');

done_testing;
