# The code that the documents print, in t/snippets as it is printed, run by the
# shell, Node and Python: only host, key and code are put in, and the key's
# header where a page leaves it out.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;

use Kanda;
use Kanda::Stateless;
use MIME::Base64 qw(decode_base64);
use Test::More;

my $k = Kanda->new(workers => 2, server => Kanda::Stateless::locations())
             ->start;
my $dir = Kanda::Home::root();

# nobody's proxy stands between us and ourselves
delete @ENV{ grep { /_proxy$/i } keys %ENV };


# A printed snippet, for this server, this key, and maybe this code.

sub snippet {
    my ($name, $key, $code) = @_;
    my $text = Kanda::Home::slurp("t/snippets/$name");
    my $host = 'http://127.0.0.1:' . $k->port;

    length $text or die "no snippet $name\n";
    $text =~ s{https://(?:your-kanda-server|auth\.toolkitapi\.io)}{$host}g;
    $text =~ s/kan_your_api_key_here|YOUR_API_KEY/$key/g;
    $text =~ s/847291/$code/g if defined $code;

    return $text;
}


sub run {
    my ($file, $text, @command) = @_;

    open my $fh, '>:raw', "$dir/$file" or die "$file: $!\n";
    print $fh $text;
    close $fh;

    my $said = qx{@command $dir/$file 2> $dir/errors};
    is($?, 0, "$file ends well") or diag Kanda::Home::slurp("$dir/errors");
    return $said;
}


sub key {
    my (@scopes) = @_;
    my $who = $k->account;
    return $k->post('/apikeys', $who,
        { scopes => @scopes ? \@scopes : [qw(validate clients)] })
        ->json->{apiKey};
}


sub url_in {
    my ($data_url) = @_;
    open my $fh, '>:raw', "$dir/qr.png" or die $!;
    print $fh decode_base64(($data_url // '') =~ s/^data:image\/png;base64,//r);
    close $fh;
    return `zbarimg --quiet --nodbus --raw $dir/qr.png`;
}


sub secret_in { url_in(@_) =~ /secret=([A-Z2-7]+)/ ? $1 : 'AAAA' }


sub decoded { scalar eval { JSON::PP->new->utf8->decode($_[0]) } // {} }


# The shell: four calls, one after the other

{
    my $key = key();
    my $answer = decoded(run('1.sh', snippet('1-token.sh', $key), 'sh'));
    is_deeply([ sort keys %$answer ], [qw(expiresIn token)], 'fields as printed');
    is($answer->{expiresIn}, '1h', 'an hour, as printed');
    local $ENV{TOKEN} = $answer->{token};

    $answer = decoded(run('2.sh', snippet('2-register.sh'), 'sh'));
    is_deeply([ sort keys %$answer ],
              [qw(clientId otpauthUrl qrDataUrl secret)], 'fields as printed');
    is($answer->{clientId}, 'user-123', 'the client');
    like($answer->{qrDataUrl}, qr{^data:image/png;base64,}, 'its picture');

    my $secret = $answer->{secret};
    settle(5);
    my $code = oathtool($secret);

    for my $valid (JSON::PP::true, JSON::PP::false) {
        is_deeply(decoded(run('3.sh', snippet('3-validate.sh', $key, $code), 'sh')),
                  { valid => $valid }, 'valid: ' . ($valid ? 'true' : 'false'));
    }

    $answer = decoded(run('4.sh', snippet('4-rotate.sh'), 'sh'));
    is_deeply([ sort keys %$answer ],
              [qw(clientId otpauthUrl qrDataUrl secret)], 'fields as printed');
    isnt($answer->{secret}, $secret, 'another secret');

    $code = oathtool($answer->{secret});
    is_deeply(decoded(run('3.sh', snippet('3-validate.sh', $key, $code), 'sh')),
              { valid => JSON::PP::true }, 'whose code is right');
}


# JavaScript: the snippets are one program

{
    my $key = key();

    settle(4);
    my $said = decoded(run('all.mjs', join("\n",
        q{import { execFileSync } from 'node:child_process';},
        q{const oathtool = (secret) => execFileSync('oathtool',
            ['--totp', '--base32', secret]).toString().trim();},
        snippet('1-token.js', $key),
        q{const token = await getToken();},
        snippet('2-register.js', $key),
        snippet('3-validate.js', $key),
        snippet('4-rotate.js', $key),
        q{const right = await validate2FA('user-123', oathtool(secret));
          const again = await validate2FA('user-123', oathtool(secret));
          const unknown = await validate2FA('nobody', oathtool(secret));
          const rotated = await rotateTotp('user-123');
          const old = await validate2FA('user-123', oathtool(secret));
          console.log(JSON.stringify({ token, secret, qrDataUrl, right, again,
                                       unknown, rotated, old }));},
    ), 'node'));

    like($said->{token}, qr/^[\w-]+\.[\w-]+\.[\w-]+$/, 'a token');
    like($said->{secret}, qr/^[A-Z2-7]{32}$/, 'a secret');
    is(secret_in($said->{qrDataUrl}), $said->{secret}, 'which is in the picture');
    is($said->{right}, JSON::PP::true, 'a right code is true');
    is($said->{again}, JSON::PP::false, 'once');
    is($said->{unknown}, JSON::PP::false, 'of nobody it is false');
    is($said->{old}, JSON::PP::false, 'after a rotation, too');

    my $new = secret_in($said->{rotated});
    isnt($new, $said->{secret}, 'the new picture has a new secret');
    my $token = $said->{token};
    is($k->validate($token, 'user-123', oathtool($new)), 'true',
       'whose code is right');
}


sub python_with {
    my ($module) = @_;
    my ($python) = grep { system("$_ -c 'import $module' 2> /dev/null") == 0 }
                   qw(python3 /usr/bin/python3);

    ok($python, "there is a Python with $module");
    return $python // 'python3';
}


# Python: likewise

{
    my $key = key();
    my $python = python_with('requests');
    settle(4);

    my $said = decoded(run('all.py', join("\n",
        'import json, subprocess',
        snippet('1-token.py', $key),
        snippet('2-register.py', $key),
        q{secret, qr = data['secret'], qr_data_url},
        q{otp_from_user = subprocess.check_output(
            ['oathtool', '--totp', '--base32', secret]).decode().strip()},
        snippet('3-validate.py', $key),
        q{right, client_id = valid, 'user-123'},
        snippet('4-rotate.py', $key),
        q{try:},
        snippet('3-validate.py', $key) =~ s/^/    /mgr,
        q{except Exception as e:
    refused = str(e)
print(json.dumps(dict(token=token, secret=secret, qr=qr, right=right,
                      rotated=qr_data_url, refused=refused, last=valid)))},
    ), $python));

    like($said->{token}, qr/^[\w-]+\.[\w-]+\.[\w-]+$/, 'a token');
    like($said->{secret}, qr/^[A-Z2-7]{32}$/, 'a secret');
    is(secret_in($said->{qr}), $said->{secret}, 'which is in the picture');
    is($said->{right}, JSON::PP::true, 'a right code is True');
    is($said->{last}, JSON::PP::false, 'an old one is False');
    is($said->{refused}, 'Invalid OTP', 'and raises what it should');

    my $new = secret_in($said->{rotated});
    isnt($new, $said->{secret}, 'the new picture has a new secret');
    is($k->validate($said->{token}, 'user-123', oathtool($new)), 'true',
       'whose code is right');
}


# The JSON API that keeps nothing: what each prints is the answer as its language
# shows it.

{
    my $key = key('stateless');
    my $caller = Kanda::Stateless->new($k, $key);
    my %header = (
        sh => sub { $_[0] },
        py => sub { $_[0] =~ s/^\)/headers={"Authorization": "Bearer $key"},\n)/mr },
        js => sub { $_[0] =~ s/^\}\);/headers: { Authorization: "Bearer $key" },\n});/mr },
    );
    my %command = (sh => 'sh', py => python_with('httpx'), js => 'node');

    for my $language (qw(sh py js)) {
        my $text = $header{$language}->(snippet("5-generate.$language", $key));
        settle(6);
        my $said = run('5.' . ($language eq 'js' ? 'mjs' : $language), $text,
                       $command{$language});
        my %got = $said =~ /["']?\b(secret|uri|qr_code|current_code)["']?:\s*["']([^"']+)["']/g;

        is(join(' ', sort keys %got), 'current_code qr_code secret uri',
           "$language: fields as printed") or diag $said;
        is($got{uri}, 'otpauth://totp/MyApp:user%40example.com?secret='
           . "$got{secret}&issuer=MyApp&digits=6&period=30&algorithm=SHA1",
           'the URI as printed');
        is(url_in($got{qr_code}) =~ s/\n\z//r, $got{uri}, 'in a picture');
        is($got{current_code}, oathtool($got{secret}), 'the code of now');
        is($caller->verify(secret => $got{secret}, code => $got{current_code})
           ->text, '{"valid":true,"drift":0}', 'which is right');
    }
}

done_testing;
