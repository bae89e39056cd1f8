# The front page and the reference in Chromium; the examples of the front page
# run as they are printed.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Browser;
use Test::More;

my $b = Kanda::Browser->new->start;
my $dir = Kanda::Home::root();
my $index = Kanda::Home::slurp('html/index.html');

sub plain { $_[0] =~ s/&lt;/</gr =~ s/&gt;/>/gr =~ s/&amp;/&/gr }


# What a key is good for: an account of its own, so that all can register the
# same client.

my $http = Kanda::HTTP->new($b->port);

sub ask {
    my ($path, $body, @headers) = @_;
    return $http->request('POST', $path, body => json($body), headers =>
        [ 'Content-Type' => 'application/json', @headers ])->json;
}

sub key {
    my ($name) = @_;
    my $who = { email => "$name$$\@example.com", password => 'walnut paper kite' };

    ask('/api/auth/register', $who);
    my $token = ask('/api/auth/login', $who)->{token};
    return ask('/api/apikeys', {}, Authorization => "Bearer $token")->{apiKey};
}


# The examples, in the order of the page: curl, JavaScript, Python, and again

my @printed = map { plain($_) } $index =~ m{<pre>\n(.*?)</pre>}gs;
my %example;

is(scalar @printed, 12, 'four examples in three languages');
push @{ $example{ (qw(sh mjs py))[$_ % 3] } }, $printed[$_] for 0 .. $#printed;

my %run = (
    sh  => [ 'bash -eu', '', '' ],
    mjs => [ 'node', 'console.log(JSON.stringify(client));',
             "const right = await codeIsRight('user-123', '847291');",
             'console.log(JSON.stringify({ valid: right }));'
             . 'console.log(JSON.stringify(renewed));' ],
    py  => [ 'python3', "import json\nprint(json.dumps(client))",
             "right = code_is_right('user-123', '847291')",
             "import json\nprint(json.dumps({'valid': right}))\n"
             . 'print(json.dumps(renewed))' ],
);

sub output {
    my ($kind, $command, @parts) = @_;
    my $file = "$dir/example.$kind";
    my $text = join "\n", map { $_ // '' } @parts, '';
    my $base = $b->base;

    $text =~ s{https://your-host}{$base}g;
    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $text;
    close $fh;

    delete local @ENV{ grep { /_proxy$/i } keys %ENV };
    local $ENV{PYTHONWARNINGS} = 'ignore';
    my $said = `$command $file 2> $dir/example.err`;
    diag $text, Kanda::Home::slurp("$dir/example.err") if $?;
    return $said;
}

for my $kind (sort keys %run) {
    my ($command, $first, $tried, $last) = @{ $run{$kind} };
    my ($token, $register, $validate, $rotate) = @{ $example{$kind} };
    my $key = key($kind);

    $token =~ s/kan_your_api_key_here/$key/;

    my $client = output($kind, $command, $token, $register, $first);
    my ($secret) = $client =~ /"secret": ?"([A-Z2-7]+)"/;
    like($client, qr{"qrDataUrl": ?"data:image/png;base64,},
         "$kind: a token, and a client by it");

    my $code = totp($secret // 'AAAA');
    my $said = output($kind, $command, $token,
        map { ($_ // '') =~ s/847291/$code/r } $validate, $tried, $rotate, $last);
    my ($renewed) = $said =~ /"secret": ?"([A-Z2-7]+)"/;

    like($said, qr/"valid": ?true/, 'its code is right');
    isnt($renewed // $secret, $secret, 'and it gets a new secret');
}


$b->run('t/browser/landing.mjs', examples => \@printed);
$b->run('t/browser/reference.mjs', key => key('reference'));

done_testing;
