/** The listener serves uPlot beside the page's own modules. */
import uPlot from 'uplot'

export { uPlot as default }
