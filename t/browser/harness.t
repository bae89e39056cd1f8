# The browser harness notices what it is there to notice.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda::Browser;
use Test::More;

my $html = '<!doctype html><html lang="en"><meta charset="utf-8">'
    . '<title>A page</title><link rel="icon" href="data:,">'
    . '<link rel="stylesheet" href="/kanda.css">'
    . '<main><h1>A page</h1>';

my $b = Kanda::Browser->new(files => {
    'html/good.html'    => "$html<p>Good.</p></main>",
    'html/console.html' => "$html</main><script src=\"/js/nope.js\"></script>",
    'html/thrown.html'  => "$html</main><script src=\"/js/thrown.js\"></script>",
    'html/inline.html'  => "$html</main><script>1</script>",
    'html/style.html'   => "$html<p style=\"color:red\">Red.</p></main>",
    'html/far.html'     => "$html</main><script src=\"/js/far.js\"></script>",
    'html/axe.html'     => "$html<input></main>",
    'html/wide.html'    => "$html<img class=wide-img width=900 height=9 alt=\"\">"
                           . '</main>',
    'html/js/thrown.js' => 'throw new Error("thrown");',
    'html/js/far.js'    => 'location.href = "http://localhost:1/";',
})->start;

$b->run('t/browser/harness.mjs');

done_testing;
