//! Numbers in words: the cardinal numbers of people's ages, of each language the compounds it writes as one word.

/// Tens, teens and the like: with one of them a run of number words is an age.
const TENS: &str = "twenty thirty forty fourty fifty sixty seventy eighty ninety ten eleven twelve thirteen fourteen fifteen sixteen \
    seventeen eighteen nineteen twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth eighteenth \
    zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn \
    siebzehn achtzehn neunzehn \
    twintig dertig veertig vijftig zestig zeventig tachtig negentig tien twaalf dertien veertien vijftien zestien zeventien \
    achttien negentien \
    vingt vingts trente quarante cinquante soixante septante huitante octante nonante douze treize quatorze quinze \
    veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa diez doce trece catorce quince dieciséis diecisiete \
    dieciocho diecinueve veintiún \
    vinte trinta quarenta cinquenta sessenta oitenta treze quinze dezesseis dezasseis dezessete dezassete dezoito \
    dezenove dezanove \
    venti trenta quaranta cinquanta sessanta settanta ottanta novanta undici dodici tredici quattordici quindici sedici \
    diciassette diciotto diciannove \
    tjugo trettio fyrtio femtio sextio sjuttio åttio nittio tretton fjorton femton sexton sjutton arton nitton \
    tjue tretti førti femti seksti sytti åtti nitti elleve tretten fjorten femten seksten sytten atten nitten \
    tyve tredive fyrre halvtreds tres halvfjerds firs halvfems \
    kymmenen yksitoista kaksitoista kolmetoista neljätoista viisitoista kuusitoista seitsemäntoista kahdeksantoista \
    yhdeksäntoista \
    húsz harminc negyven ötven hatvan hetven nyolcvan kilencven tíz \
    dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt jedenaście \
    dwanaście trzynaście czternaście piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście \
    dvacet třicet čtyřicet padesát šedesát sedmdesát osmdesát devadesát jedenáct dvanáct třináct čtrnáct patnáct šestnáct \
    sedmnáct osmnáct devatenáct dvadsať tridsať štyridsať päťdesiat šesťdesiat sedemdesiat osemdesiat deväťdesiat \
    douăzeci treizeci patruzeci cincizeci șaizeci șaptezeci optzeci nouăzeci \
    dvadeset trideset četrdeset pedeset šezdeset sedamdeset osamdeset devedeset \
    двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто одиннадцать двенадцать тринадцать четырнадцать \
    пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцять тридцять шістдесят сімдесят вісімдесят вісімнадцять \
    двадесет тридесет четиридесет петдесет шейсет седемдесет осемдесет деветдесет \
    yirmi otuz kırk elli altmış yetmiş seksen doksan \
    είκοσι τριάντα σαράντα πενήντα εξήντα εβδομήντα ογδόντα ενενήντα δεκαοκτώ δεκαοχτώ \
    puluh belas mươi 스물 서른 마흔 예순 일흔 여든 아흔 스무살";

/// What follows tens, or goes before them in some languages; nothing by itself.
const ONES: &str = "one two three four five six seven eight nine first second third fourth fifth sixth seventh eighth ninth \
    un une deux trois quatre cinq sept huit neuf uno dos tres cuatro cinco seis siete ocho nueve um dois duas três quatro sete \
    oito nove jeden jedna dwa trzy cztery pięć sześć siedem osiem dziewięć dva tři čtyři pět šest sedm osm devět tri štyri päť \
    šesť sedem osem deväť unu doi trei patru cinci șase șapte opt nouă jedan četiri pet sedam osam один одна два три четыре пять \
    шесть семь восемь девять чотири сім вісім четири шест седем осем девет bir iki üç dört beş altı yedi sekiz dokuz ένα δύο \
    τρία τέσσερα πέντε έξι επτά εφτά οκτώ οχτώ εννέα εννιά satu dua tiga empat lima enam tujuh delapan sembilan se một hai ba \
    bốn năm sáu bảy tám chín tư";

/// Words between tens and ones: `treinta y dos`.
const JOINS: &str = "and y e et și i și";

/// The ones and the tens of a language that writes them together, and what stands between.
const JOINED: &[(&str, &str, &str, bool)] = &[
    (
        "ein zwei drei vier fünf sechs sieben acht neun",
        "und",
        "zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig",
        true,
    ),
    (
        "een twee drie vier vijf zes zeven acht negen",
        "en",
        "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
        true,
    ),
    ("en to tre fire fem seks syv otte ni", "og", "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems", true),
    ("ett en två tre fyra fem sex sju åtta nio", "", "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio", false),
    ("en ett to tre fire fem seks sju åtte ni", "", "tjue tretti førti femti seksti sytti åtti nitti", false),
    (
        "egy kettő két három négy öt hat hét nyolc kilenc",
        "",
        "tizen huszon harminc negyven ötven hatvan hetven nyolcvan kilencven",
        false,
    ),
    (
        "yksi kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän",
        "kymmentä",
        "kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän",
        false,
    ),
    (
        "due tre quattro cinque sei sette nove",
        "",
        "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
        false,
    ),
    ("uno un otto", "", "vent trent quarant cinquant sessant settant ottant novant", false),
    (
        "jeden dva tri štyri päť šesť sedem osem deväť",
        "",
        "dvadsať tridsať štyridsať päťdesiat šesťdesiat sedemdesiat osemdesiat deväťdesiat",
        false,
    ),
    (
        "jedna jeden dva tři čtyři pět šest sedm osm devět",
        "a",
        "dvacet třicet čtyřicet padesát šedesát sedmdesát osmdesát devadesát",
        true,
    ),
    ("uno dós trés cuatro cinco séis siete ocho nueve", "", "veinti", false),
    ("하나 한 둘 두 셋 세 넷 네 다섯 여섯 일곱 여덟 아홉", "", "열 스물 서른 마흔 쉰 예순 일흔 여든 아흔", false),
];

/// Each word that is an age or makes one with others, and those that only go on.
pub(super) fn each(mut whole: impl FnMut(&str), mut part: impl FnMut(&str), mut join: impl FnMut(&str)) {
    TENS.split_whitespace().for_each(&mut whole);
    ONES.split_whitespace().for_each(&mut part);
    JOINS.split_whitespace().for_each(&mut join);
    for (ones, between, tens, ones_first) in JOINED {
        for ten in tens.split_whitespace() {
            for one in ones.split_whitespace() {
                match ones_first {
                    true => whole(&format!("{one}{between}{ten}")),
                    false if between.is_empty() => whole(&format!("{ten}{one}")),
                    false => whole(&format!("{ten}{between}{one}")),
                }
            }
            if !ones_first && !between.is_empty() {
                whole(&format!("{ten}{between}"));
            }
        }
    }
}
