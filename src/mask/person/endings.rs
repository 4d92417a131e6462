//! How compounds end that are no names.

/// How compounds end that are things.
pub(super) const THINGS: &str = "schule gymnasium straße strasse gasse platz haus stiftung preis klinik verlag orchester orkester skole \
   skolen skola skolan gymnas gata gatan vegen veien vägen gade katu koulu kirche kyrka kyrkan kirke kirken \
   brücke museum museet archiv universität universitet gesellschaft verein legatet stipendium stipendiet prisen \
   priset filter verteilung algorithmus syndrom krankheit halle stadion allee torget torv plads straat school \
   plein laan ziekenhuis huset sykehus sjukhus sygehus sairaala bibliotek biblioteket werke werk bau bank kasse \
   fonds fond club bund verband zentrum amt hospitalet sjukhuset sykehuset sygehuset universitetet selskabet \
   selskapet sällskapet foreningen föreningen gymnasiet teatret teatern bladet tidningen tidende banken \
   styrelsen verket værket verftet varvet skibet skipet fartyget færgen fergen färjan brugsen kommunen kommune \
   museon säätiö yliopisto kirkko teatteri stiftelsen fonden fondet bryggeriet bryggeri bageri bageriet \
   förlaget forlaget festivalen messen mässan loppet løpet løbet messe festival festspiele theater bühne \
   verordnung gesetz ordnung richtlinie vertrag schein versicherung kammer innung behörde ministerium agentur \
   anstalt kanzlei praxis apotheke bäckerei metzgerei brauerei druckerei schreinerei tischlerei gärtnerei \
   spedition handlung markt center stätte kaserne siedlung krankenhaus wetter software system maschine apparat \
   kolben brenner kuchen torte suppe wurst käse bedrijf vereniging stichting winkel dienst gemeente fabriek \
   uitgeverij brouwerij bakkerij slagerij gracht";

/// How compounds end that are jobs. Endings that many surnames share (`-meister`, `-bauer`, `-mann`) are none of them.
pub(super) const JOBS: &str = "leiter leiterin fahrerin führerin meisterin techniker technikerin arbeiter arbeiterin pfleger pflegerin \
   lehrerin berater beraterin ingenieur ingenieurin assistent assistentin verkäufer verkäuferin händlerin \
   schlosser mechaniker mechanikerin elektriker entwickler entwicklerin beauftragter beauftragte mitarbeiter \
   mitarbeiterin schwester helferin betreuer betreuerin trainer trainerin verwalter verwalterin sprecher \
   sprecherin forscher forscherin wissenschaftler wissenschaftlerin referent referentin kaufmann kauffrau \
   fachkraft fachfrau fachmann praktikant praktikantin vorsitzender vorsitzende direktor direktorin medewerker \
   medewerkster leidster begeleider begeleidster verpleegkundige monteur chauffeur adviseur beheerder directeur \
   docent docente coördinator ontwikkelaar ledare tekniker skötare sköterska ingenjör lärare handläggare \
   utvecklare konsult samordnare chefen ingeniør pædagog lærer rådgiver udvikler medarbejder konsulent \
   sygeplejerske sykepleier utvikler medarbeider assistentti päällikkö hoitaja insinööri opettaja johtaja \
   asentaja";

/// How common nouns end in many languages, and hardly a name.
pub(super) const NOUNS: &str = "ung ungen heit heiten keit keiten schaft schaften tion tionen ität itäten ismus logie wagen sorten \
   bücher filme technik wesen gerät geräte mittel stoffe prüfung arbeit arbeiten kenntnisse fähigkeiten zeugnis nachweis \
   ningen heten heter heden heid teit ción ciones ção ções zione zioni dad dades dade idades ità ité ités miento mientos \
   ologie ologia ología ology graphy graphie grafía grafia ness ship ships tions ismo isme ość ości ność nością ství \
   osti ség ság ование ация ции ость ости ення ання ність ізація τικά ότητα";
