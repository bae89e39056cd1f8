# The QR code as a camera sees it: read back with zbarimg it is the otpauth
# URL, to the byte; PNG, SVG and data URL are the same picture.

BEGIN { push @INC, 't/lib' }
use strict;
use warnings;
use utf8;

use Compress::Zlib ();
use Kanda;
use MIME::Base64 qw(decode_base64);
use Test::More;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $k = Kanda->new->start;
my $who = $k->account;
my $dir = Kanda::Home::root();
my $serial = 0;


# The pixels of a 1-bit PNG, a string of 0 (white) and 1 (black) a row.

sub pixels {
    my ($png) = @_;
    my (%chunk, @rows);
    my $at = 8;

    substr($png, 0, 8) eq "\x89PNG\r\n\x1a\n" or return;

    while ($at < length $png) {
        my ($length, $name) = unpack 'N a4', substr $png, $at, 8;
        my $body = substr $png, $at + 8, $length;
        my $crc = unpack 'N', substr $png, $at + 8 + $length, 4;
        return if $crc != Compress::Zlib::crc32($name . $body);
        $chunk{$name} .= $body;
        $at += 12 + $length;
    }

    my ($width, $height, $depth, $colour) = unpack 'N N C C', $chunk{IHDR};
    my $data = Compress::Zlib::uncompress($chunk{IDAT});
    my $size = int(($width + 7) / 8);
    my $above = "\0" x $size;

    return if $depth != 1 || $colour != 0 || $width != $height
              || length $data != $height * ($size + 1);

    for my $y (0 .. $height - 1) {
        my ($filter, @bytes) = unpack 'C*', substr $data, $y * ($size + 1),
                                                  $size + 1;
        my @above = unpack 'C*', $above;

        return if $filter > 2;

        for my $x (0 .. $#bytes) {
            my $more = $filter == 1 ? ($x ? $bytes[$x - 1] : 0)
                     : $filter == 2 ? $above[$x] : 0;
            $bytes[$x] = ($bytes[$x] + $more) & 255;
        }

        $above = pack 'C*', @bytes;
        push @rows, substr(unpack('B*', $above), 0, $width) =~ tr/01/10/r;
    }

    return @rows;
}


# The modules that an SVG's path draws: strokes along the middle of rows.

sub modules {
    my ($svg) = @_;
    my ($side) = $svg =~ /viewBox="0 0 (\d+) \1"/ or return;
    my ($path) = $svg =~ /<path stroke="#000" d="([^"]*)"\/>/ or return;
    my @rows = ('0' x $side) x $side;
    my ($x, $y) = (0, 0);

    while ($path =~ /\G(?:M(\d+) (\d+)\.5|m(\d+) 0)h(\d+)/gc) {
        ($x, $y) = defined $1 ? ($1, $2) : ($x + $3, $y);
        substr $rows[$y], $x, $4, '1' x $4;
        $x += $4;
    }

    return if (pos($path) // 0) != length $path;
    return @rows;
}


sub picture {
    my ($id, $accept) = @_;
    my $path = join '', map { sprintf '%%%02x', ord } split //,
               do { my $bytes = $id; utf8::encode($bytes); $bytes };
    return $k->get("/totp/qrcode/$path", $who, undef, Accept => $accept);
}

sub decode {
    my (@files) = @_;
    my @text = `zbarimg --quiet --nodbus --raw -Sdisable -Sqrcode.enable @files`;
    chomp @text;
    return @text;
}


# What a percent-encoder that is not ours makes of it.

sub encode {
    my ($text) = @_;
    utf8::encode($text);
    return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}


my @cases = (
    [ 'alice@example.com', 'MyApp' ],
    [ 'bob', undef ],
    [ 'Zoë Müller', 'Straßenbahn & Söhne' ],
    [ '東京 タワー', '会社' ],
    [ 'пользователь', 'Пример' ],
    [ 'عربي', 'שלום' ],
    [ '🔑👩‍🚀', '🏢' ],
    [ "e\x{301}\x{1f1e9}\x{1f1ea}", "\x{202e}abc" ],
    [ 'a b+c&d=e?f#g/h%41', "100 % \"sure\" <b>'s" ],
    [ 'x?secret=AAAA&issuer=Evil', 'Us&secret=BBBB' ],
    [ '\\', '/' ],
    [ 'x' x 128, 'y' x 128 ],
    [ '€' x 42, '😀' x 32 ],
    [ '  two  spaces  ', ' ' ],
    [ 'plain', 'Sha', algorithm => 'SHA256', digits => 8, period => 60 ],
    [ 'plain', 'Sha', algorithm => 'SHA512', digits => 7, period => 300 ],
    [ 'x' x 128, 'y' x 128, secret => 'A' x 205 ],
    [ '😀' x 32, '😀' x 32, algorithm => 'SHA512' ],
);

# and random ones, of all planes
for (1 .. long_test(20, 200)) {
    my @text = map {
        my $text = '';
        while (1) {
            my $c = (0x20 + int rand 0x5f, 0xa1 + int rand 0x500,
                     0x4e00 + int rand 0x5000, 0x1f300 + int rand 0x300)[rand 4];
            my $more = $text . chr $c;
            my $bytes = $more;
            utf8::encode($bytes);
            last if length $bytes > 128 || rand() < 0.03;
            $text = $more;
        }
        $text;
    } 0, 1;
    $text[1] =~ tr/://d;
    push @cases, [ length $text[0] ? $text[0] : 'x', $text[1] ];
}

my (@png, @urls);

for my $case (@cases) {
    my ($label, $issuer, %o) = @$case;
    my $id = 'client' . ++$serial;
    my $c = $k->client($who, clientId => $id, label => $label,
                       issuer => $issuer, %o);
    my $name = "client $serial";
    my $of = defined $issuer && $issuer ne '' ? encode($issuer) : undef;
    my $url = 'otpauth://totp/' . (defined $of ? "$of:" : '') . encode($label)
        . "?secret=$c->{secret}" . (defined $of ? "&issuer=$of" : '')
        . '&algorithm=' . ($o{algorithm} // 'SHA1')
        . '&digits=' . ($o{digits} // 6) . '&period=' . ($o{period} // 30);

    is($c->{otpauthUrl}, $url, "$name: otpauthUrl");

    my $png = picture($id, 'image/png')->text;
    my $json = picture($id, 'application/json')->json;
    my $svg = picture($id, 'image/svg+xml')->text;

    is($json->{qrDataUrl}, $c->{qrDataUrl}, "$name: drawn again as at first");
    is(decode_base64($json->{qrDataUrl} =~ s/^data:image\/png;base64,//r), $png,
       "$name: the data URL is the PNG");

    my @rows = pixels($png);
    my @modules = modules($svg);
    my $side = @rows / 4;

    ok("@rows" eq join(' ', map { s/(.)/$1$1$1$1/gr } map { ($_) x 4 } @modules),
       "$name: the SVG is the PNG, 4 pixels a module");
    ok($side > 28 && ($side - 25) % 4 == 0, "$name: a QR code of $side modules, about it 4");

    my @edge = (@modules[0 .. 3], @modules[-4 .. -1],
                map { substr($_, 0, 4), substr($_, -4) } @modules);
    is(scalar(grep { /1/ } @edge), 0, "$name: a quiet zone of 4 modules");

    open my $fh, '>:raw', "$dir/$serial.png" or die $!;
    print $fh $png;
    close $fh;

    push @png, "$dir/$serial.png";
    push @urls, $url;
}

my @read = decode(@png);

is(scalar @read, scalar @urls, 'a camera reads all of them');
is($read[$_], $urls[$_], 'client ' . ($_ + 1) . ', as a camera reads it')
    for 0 .. $#urls;


# A rotation draws another secret, and what one reads is what validates.

{
    my $c = $k->post('/totp/rotate/client3', $who)->json;
    open my $fh, '>:raw', "$dir/rotated.png" or die $!;
    print $fh picture('client3', 'image/png')->text;
    close $fh;

    my ($url) = decode("$dir/rotated.png");
    is($url, $c->{otpauthUrl}, 'after a rotation the new one is drawn');
    isnt($url, $urls[2], 'and not the old one');

    my ($secret) = $url =~ /secret=([A-Z2-7]+)/;
    settle(3);
    is($k->validate($who, 'client3', oathtool($secret)), 'true',
       'and its codes are right');
}

# an id that only a path can spell

my $c = $k->client($who, clientId => 'Zoë/1 🔑');
my $r = picture('Zoë/1 🔑', 'image/png');
is($r->status, 200, 'a client of any name');
is($r->text, decode_base64($c->{qrDataUrl} =~ s/.*,//r), 'has its picture');

done_testing;
